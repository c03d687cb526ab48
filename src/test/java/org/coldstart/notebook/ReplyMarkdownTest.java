package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** A model's Markdown stays Markdown and brings no HTML of its own. */
class ReplyMarkdownTest {

  @Test
  void emphasisListsAndQuotesStay() {
    String text = "# Sum\n\n- *a*\n- **b** > 1\n\n> so 2 * 3 = 6";
    assertEquals(text, ReplyMarkdown.safe(text));
  }

  @Test
  void htmlLinksImagesAndFormulasBecomeText() {
    assertEquals("&lt;script>x&lt;/script> &amp;lt; !&#91;i](http://x) &#91;a](javascript:b)",
        ReplyMarkdown.safe("<script>x</script> &lt; ![i](http://x) [a](javascript:b)"));
    assertEquals("<span>&#36;</span>5 and <span>&#36;</span>6", ReplyMarkdown.safe("$5 and $6"));
  }

  @Test
  void codeIsShownAsItWasWritten() {
    assertEquals("if <code>a &#60; b&#91;0&#93;</code> &lt; c", ReplyMarkdown.safe("if `a < b[0]` < c"));
    assertEquals("<code>a&#96;b</code>", ReplyMarkdown.safe("``a`b``"));
    assertEquals("so:\n<pre><code>x &#60; 1\n\ny\n</code></pre>\n&lt;b>",
        ReplyMarkdown.safe("so:\n```java\nx < 1\n\ny\n```\n<b>"));
  }

  @Test
  void aFenceThatIsStillOpenIsClosed() {
    assertEquals("<pre><code>a&#58;\n</code></pre>", ReplyMarkdown.safe("~~~\na:"));
    assertEquals("<pre><code></code></pre>", ReplyMarkdown.safe("```"));
    assertEquals("", ReplyMarkdown.safe(""));
  }

  @Test
  void noMarkOfTheModelsOwnGetsThrough() {
    String[] pieces = {"`", "``", "```", "~~~", "\n", "\n\n", "<b>", "[a](b)", "\\", "    ", "- ", "> ", "a", "$"};
    Random random = new Random(1);
    for (int run = 0; run < 5000; run++) {
      StringBuilder text = new StringBuilder();
      random.ints(12, 0, pieces.length).forEach(piece -> text.append(pieces[piece]));
      String safe = ReplyMarkdown.safe(text.toString());
      String rest = safe.replaceAll("</?(pre|code)>|<span>&#36;</span>", "");
      assertFalse(rest.matches("(?s).*[<\\[$].*"), text + " gave " + safe);
    }
  }
}
