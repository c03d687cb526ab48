package org.coldstart.io.jinja;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template in the dialect of chat templates: that of transformers, which is jinja2's {@code
 * ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)} with {@code break} and
 * {@code continue}, the {@code generation} tag, {@code raise_exception}, {@code strftime_now} and a
 * {@code tojson} without HTML escapes. Values of variables are data: template syntax inside them is
 * never looked at.
 *
 * <p>Not supported: {@code include}, {@code import} and {@code extends}, which transformers cannot
 * load either; {@code autoescape true}; bytes, complex numbers and the filters {@code urlize} and
 * {@code pprint}. A template can be rendered by several threads at once.
 */
public final class Template {
  private final List<Stmt> body;
  private final Map<String, Stmt.Block> blocks;
  private final Limits limits;

  private Template(List<Stmt> body, Map<String, Stmt.Block> blocks, Limits limits) {
    this.body = body;
    this.blocks = blocks;
    this.limits = limits;
  }

  /**
   * Parses a template.
   *
   * @throws TemplateException if its syntax is wrong; the message starts with the line
   */
  public static Template parse(String source, Limits limits) {
    try {
      Parser parser = new Parser(new Lexer(source, limits).tokens(), limits);
      return new Template(parser.template(), parser.blocks(), limits);
    } catch (StackOverflowError deep) {
      throw new TemplateException("the template is nested too deeply");
    }
  }

  /**
   * Renders it.
   *
   * @param variables what the template sees: null, booleans, numbers, texts, and lists and maps of
   *     these
   * @param clock what {@code strftime_now} reads
   * @throws TemplateException if the template refuses, fails or goes over a limit
   */
  public Rendering render(Map<String, ?> variables, Clock clock) {
    Map<String, Object> converted = new LinkedHashMap<>();
    variables.forEach((name, value) -> converted.put(name, JavaValues.convert(value, name)));
    try {
      return new Interpreter(new Runtime(limits, clock)).render(body, blocks, converted);
    } catch (StackOverflowError deep) {
      throw new TemplateException(
          "maximum recursion depth exceeded: this thread's stack is used up");
    }
  }
}
