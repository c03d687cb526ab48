package org.coldstart.notebook;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/**
 * Tokens as coloured spans. Backgrounds are translucent, so the notebook's own text colour stays readable on them in a
 * light and in a dark theme.
 */
final class TokenHtml {

  private static final String[] ALTERNATING = {"rgba(66,133,244,.20)", "rgba(171,71,188,.20)"};
  private static final String NEW = "rgba(255,152,0,.55)";
  private static final String TRAINED = "rgba(56,170,85,.40)";
  private static final String IGNORED = "rgba(140,140,140,.16)";
  private static final String BLOCK = "font-family:var(--jp-code-font-family,monospace);font-size:13px;line-height:1.9;"
      + "white-space:pre-wrap;overflow-wrap:anywhere;" + "color:var(--jp-content-font-color1,inherit)";
  private static final String SPAN = "<span style=\"background:%s;border-radius:3px;padding:2px 1px;margin:0 1px;"
      + "%s\"%s>%s</span>";
  private static final String SWATCH = "display:inline-block;width:12px;height:12px;border-radius:3px;"
      + "vertical-align:-2px;" + "margin-right:5px;background:";

  private TokenHtml() {}

  /** Tokens on alternating colours, new ones highlighted; ids may be null. */
  static Rich tokens(List<String> tokens, int[] ids, IntPredicate isNew) {
    requireLength(ids == null ? tokens.size() : ids.length, "ids", tokens);
    List<String> pieces = Pieces.legible(tokens);
    StringBuilder html = new StringBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      boolean highlighted = ids != null && isNew.test(ids[i]);
      String colour = highlighted ? NEW : ALTERNATING[i % 2];
      html.append(span(pieces.get(i), ids, i, colour, highlighted ? "font-weight:600;" : ""));
    }
    return Rich.html(Rich.element("div", BLOCK, html.toString()),
        pieces.stream().map(piece -> "[" + piece + "]").collect(Collectors.joining()));
  }

  /** Tokens that carry loss in green, the others in grey, and how many of each; ids may be null. */
  static Rich mask(List<String> tokens, int[] ids, boolean[] mask) {
    requireLength(mask.length, "mask values", tokens);
    requireLength(ids == null ? tokens.size() : ids.length, "ids", tokens);
    List<String> pieces = Pieces.legible(tokens);
    StringBuilder html = new StringBuilder();
    StringBuilder text = new StringBuilder();
    int trained = 0;
    for (int i = 0; i < tokens.size(); i++) {
      String piece = pieces.get(i);
      html.append(span(piece, ids, i, mask[i] ? TRAINED : IGNORED, mask[i] ? "" : "opacity:.75;"));
      text.append(mask[i] ? "[" + piece + "]" : piece);
      trained += mask[i] ? 1 : 0;
    }
    int ignored = tokens.size() - trained;
    String legend = Rich.element("span", SWATCH + TRAINED, "") + trained + " tokens carry loss &nbsp; "
        + Rich.element("span", SWATCH + IGNORED, "") + ignored + " are only read";
    return Rich.html(
        Rich.element("div", BLOCK, html.toString())
            + Rich.element("div", "font-size:12px;margin-top:6px;" + Rich.FAINT, legend),
        text + "\n[trained] " + trained + ", not trained " + ignored);
  }

  private static String span(String piece, int[] ids, int i, String background, String style) {
    String title = ids == null ? "" : " title=\"" + ids[i] + "\"";
    // There is no space between tokens; the markup says where a line may end.
    String end = piece.endsWith("⏎") ? "<br>" : "<wbr>";
    return SPAN.formatted(background, style, title, Rich.escape(piece)) + end;
  }

  private static void requireLength(int count, String what, List<String> tokens) {
    if (count != tokens.size()) {
      throw new IllegalArgumentException(
          count + " " + what + " for " + tokens.size() + " tokens: there must be one for each");
    }
  }
}
