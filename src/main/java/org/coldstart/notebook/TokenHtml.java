package org.coldstart.notebook;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/**
 * Tokens as coloured spans. Backgrounds are translucent, so the notebook's own text colour stays
 * readable on them in a light and in a dark theme.
 */
final class TokenHtml {

  private static final String[] ALTERNATING = {"rgba(66,133,244,.20)", "rgba(171,71,188,.20)"};
  private static final String NEW = "rgba(255,152,0,.55)";
  private static final String TRAINED = "rgba(56,170,85,.40)";
  private static final String IGNORED = "rgba(140,140,140,.16)";
  private static final String BLOCK =
      "<div style=\"font-family:var(--jp-code-font-family,monospace);font-size:13px;line-height:1.9;"
          + "white-space:pre-wrap;overflow-wrap:anywhere;color:var(--jp-content-font-color1,inherit)\">";

  private TokenHtml() {}

  static Rich tokens(List<String> tokens, int[] ids, IntPredicate isNew) {
    require(
        ids == null || ids.length == tokens.size(),
        "ids",
        ids == null ? 0 : ids.length,
        tokens.size());
    StringBuilder html = new StringBuilder(BLOCK);
    for (int i = 0; i < tokens.size(); i++) {
      boolean highlighted = ids != null && isNew.test(ids[i]);
      span(
          html,
          tokens.get(i),
          ids,
          i,
          highlighted ? NEW : ALTERNATING[i % 2],
          highlighted ? "font-weight:600;" : "");
    }
    return Rich.html(
        html.append("</div>").toString(),
        tokens.stream().map(t -> "[" + visible(t) + "]").collect(Collectors.joining()));
  }

  static Rich mask(List<String> tokens, int[] ids, boolean[] mask) {
    require(mask.length == tokens.size(), "mask values", mask.length, tokens.size());
    require(
        ids == null || ids.length == tokens.size(),
        "ids",
        ids == null ? 0 : ids.length,
        tokens.size());
    StringBuilder html = new StringBuilder(BLOCK);
    StringBuilder text = new StringBuilder();
    int trained = 0;
    for (int i = 0; i < tokens.size(); i++) {
      span(html, tokens.get(i), ids, i, mask[i] ? TRAINED : IGNORED, mask[i] ? "" : "opacity:.75;");
      text.append(mask[i] ? "[" + visible(tokens.get(i)) + "]" : visible(tokens.get(i)));
      trained += mask[i] ? 1 : 0;
    }
    html.append("</div>").append(legend(trained, tokens.size() - trained));
    return Rich.html(
        html.toString(),
        text + "\n[trained] " + trained + ", not trained " + (tokens.size() - trained));
  }

  private static void span(
      StringBuilder html, String token, int[] ids, int i, String background, String style) {
    html.append("<span style=\"background:")
        .append(background)
        .append(";border-radius:3px;padding:2px 1px;margin:0 1px;")
        .append(style)
        .append('"');
    if (ids != null) {
      html.append(" title=\"").append(ids[i]).append('"');
    }
    html.append('>').append(Html.escape(visible(token))).append("</span>");
    // Tokens stand side by side without a blank; the browser must be told where a line may end.
    html.append(token.endsWith("\n") || token.endsWith("Ċ") ? "<br>" : "<wbr>");
  }

  private static String legend(int trained, int ignored) {
    return "<div style=\"font-size:12px;margin-top:6px;color:var(--jp-ui-font-color2,#888)\">"
        + swatch(TRAINED)
        + trained
        + " tokens carry loss &nbsp; "
        + swatch(IGNORED)
        + ignored
        + " are only read</div>";
  }

  private static String swatch(String colour) {
    return "<span"
               + " style=\"display:inline-block;width:12px;height:12px;border-radius:3px;vertical-align:-2px;margin-right:5px;background:"
        + colour
        + "\"></span>";
  }

  /**
   * Blanks as ·, line breaks as ⏎, tabs as ⇥; also in the byte-level spelling of vocabularies: Ġ,
   * Ċ, ĉ.
   */
  private static String visible(String token) {
    return token
        .replace(' ', '·')
        .replace('Ġ', '·')
        .replace('\n', '⏎')
        .replace('Ċ', '⏎')
        .replace('\t', '⇥')
        .replace('ĉ', '⇥')
        .replace("\r", "␍");
  }

  private static void require(boolean holds, String what, int count, int tokens) {
    if (!holds) {
      throw new IllegalArgumentException(
          count + " " + what + " for " + tokens + " tokens: there must be one for each");
    }
  }
}
