package org.coldstart.io.jinja;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Map;

/**
 * A Jinja template in the dialect of chat templates: that of transformers, which is jinja2's {@code
 * ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)} with {@code break} and {@code continue}, the
 * {@code generation} tag, {@code raise_exception}, {@code strftime_now} and a {@code tojson} without HTML escapes.
 * Values of variables are data: template syntax inside them is never looked at.
 *
 * <p>
 * A {@link Lexer} cuts the source into tokens, and a {@link Parser} makes {@link Stmt statements} and {@link Expr
 * expressions} of them: functions that render. A template can be rendered by several threads at once.
 *
 * <p>
 * Not supported, because no chat template uses it: {@code block}, {@code include}, {@code import}, {@code extends},
 * {@code print} and {@code autoescape}; {@code cycler}; the format specifications of {@code str.format}; and the
 * filters {@code attr}, {@code batch}, {@code filesizeformat}, {@code groupby}, {@code pprint}, {@code random},
 * {@code slice}, {@code striptags}, {@code truncate}, {@code urlencode}, {@code urlize}, {@code wordcount},
 * {@code wordwrap} and {@code xmlattr}. Of texts marked by {@code safe} and {@code escape}, only {@code +} and
 * {@code set} keep the mark.
 */
public final class Template {
  private final Stmt body;

  private Template(Stmt body) {
    this.body = body;
  }

  /**
   * Parses a template.
   *
   * @throws TemplateException if its syntax is wrong; the message starts with the line
   */
  public static Template parse(String source) {
    try {
      return new Template(new Parser(new Lexer(source).tokens()).template());
    } catch (StackOverflowError deep) {
      throw new TemplateException("the template is nested too deeply");
    }
  }

  /**
   * Renders it.
   *
   * @param variables what the template sees: null, booleans, numbers, texts, and lists and maps of these
   * @param clock the time that {@code strftime_now} prints
   * @throws TemplateException if the template refuses, fails or goes over a limit
   */
  public RenderedTemplate render(Map<String, ?> variables, Clock clock) {
    StringBuilder out = new StringBuilder();
    Scope scope = new Scope(Globals.of(clock), null, out, new ArrayList<>()).inner();
    variables.forEach((name, value) -> scope.set(name, Values.fromJava(value, name)));
    try {
      Budget.within(() -> body.run(scope, out));
      return new RenderedTemplate(out.toString(), scope.generated());
    } catch (StackOverflowError deep) {
      throw new TemplateException("maximum recursion depth exceeded: this thread's stack is used up");
    }
  }
}
