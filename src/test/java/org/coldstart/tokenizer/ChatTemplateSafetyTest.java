package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.TemplateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hostile message or a hostile template can do: nothing but end with an error. */
class ChatTemplateSafetyTest {
  private static String render(String source) {
    return ChatTemplate.parse(source).render(List.of(Message.user("Hi")), false, Map.of());
  }

  private static TemplateException failure(String source) {
    return assertThrows(TemplateException.class, () -> render(source));
  }

  @Test
  void textInMessagesIsNeverATemplate() {
    String attack = "{{ 7 * 7 }}{% raise_exception('x') %}{# c #}{% endfor %}";
    ChatTemplate template = ChatTemplate
      .parse("{% for m in messages %}[{{ m.content }}|{{ m.content | trim }}|{{ m.content ~ '' }}]{%" + " endfor %}");
    assertEquals("[" + attack + "|" + attack + "|" + attack + "]",
        template.render(List.of(Message.user(attack)), false, Map.of()));
  }

  @Test
  void raiseExceptionReachesTheUserAsItsMessage() {
    TemplateException e = failure("a\n{{ raise_exception('Only user and assistant roles!') }}");
    assertEquals("Only user and assistant roles!", e.getMessage());
    assertEquals(2, e.line().orElseThrow());
  }

  @Test
  void syntaxErrorsTellTheLine() {
    TemplateException e = assertThrows(TemplateException.class, () -> ChatTemplate.parse("a\nb\n{% fro x in y %}"));
    assertEquals(3, e.line().orElseThrow());
    assertEquals("line 3: Encountered unknown tag 'fro'.", e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '#', value = {
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %} # steps",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }} # recursion",
    "{% for a in [[1]] recursive %}{{ loop([a]) }}{% endfor %} # recursion",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }} #" + " recursion",
    "{{ 'x' * 1000000000 }} # repetition", "{{ 'x' * 10 ** 30 }} # repetition", "{{ [0] * 100000000 }} # repetition",
    "{{ 10 ** 100000 }} # digits", "{{ 9 ** (9 ** 9) }} # digits", "{{ range(10 ** 12) }} # Range too big",
    "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{%"
        + " endfor %} # characters",
    "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{%"
        + " endfor %} # characters",
    "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s.replace('x',"
        + " 'xx') %}{% endfor %} # characters",
    "{% set ns = namespace(s=[1, 2]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{%" + " endfor %} # items",
    "{% set ns = namespace(s=[]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{%"
        + " endfor %}{{ ns.s }} # more than",
    "{% set ns = namespace(s=[]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{%"
        + " endfor %}{{ ns.s|tojson }} # more than",
    "{% set a = namespace(s=[]) %}{% set b = namespace(s=[]) %}{% for i in range(60) %}{% set"
        + " a.s = [a.s, a.s] %}{% set b.s = [b.s, b.s] %}{% endfor %}{{ a.s == b.s }} # steps",
    "{% set ns = namespace(s=()) %}{% for i in range(60) %}{% set ns.s = (ns.s, ns.s) %}{%"
        + " endfor %}{{ {ns.s: 1} }} # steps",
    "{% set ns = namespace(s=[]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% endfor"
        + " %}{{ ns.s }} # recursion",
    "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %} # characters", "{{ '%1000000000d' % 1 }} # ",
    "{{ '%99999999d' % 1 }} # characters", "{{ '{:99999999}'.format(1) }} # not supported",
    "{{ 'a'.center(100000000) }} # characters", "{{ 'a'.zfill(10 ** 10) }} # characters",
    "{{ 'a\\nb'|indent(10 ** 9) }} # characters", "{{ [1]|tojson(indent=10 ** 9) }} # characters",})
  void runawaysEndWithAnError(String source, String part) {
    String message = failure(source).getMessage();
    assertTrue(message.contains(part == null ? "" : part), message);
  }

  @Test
  void deepNestingInTheSourceIsAnError() {
    for (String source : List.of("{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}",
        "{{ " + "[".repeat(100_000), "{{ " + "not ".repeat(100_000) + "1 }}", "{{ " + "- ".repeat(100_000) + "1 }}",
        "{% if 1 %}".repeat(100_000), "{{ " + "1 if 1 else ".repeat(100_000) + "1 }}",
        "{{ a" + ".b".repeat(100_000) + " }}", "{{ 1" + " + 1".repeat(100_000) + " }}",
        "{{ 1" + "|int".repeat(100_000) + " }}", "{{ " + "a(".repeat(100_000))) {
      assertThrows(TemplateException.class, () -> ChatTemplate.parse(source));
    }
  }

  @Test
  void longTemplatesAreNoProblem() {
    String many = "{{ 1 }}".repeat(20_000);
    assertEquals("1".repeat(20_000), render(many));
    assertEquals("x".repeat(1_000_000), render("{{ '" + "x".repeat(1_000_000) + "' }}"));
    assertEquals("900", render("{{ 1" + " + 1".repeat(899) + " }}"));
  }

  @Test
  void aSmallStackEndsWithTheSameError() throws InterruptedException {
    List<Throwable> thrown = new ArrayList<>();
    Thread thread = new Thread(null,
        () -> thrown.add(failure("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}")), "small", 1 << 18);
    thread.start();
    thread.join();
    assertTrue(thrown.get(0).getMessage().startsWith("maximum recursion depth exceeded"), thrown.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"append(1)", "extend([1])", "insert(0, 1)", "pop()", "remove(1)", "clear()", "sort()",
    "reverse()"})
  void listsCannotBeChanged(String change) {
    String name = change.substring(0, change.indexOf('('));
    assertEquals("access to attribute '" + name + "' of 'list' object is unsafe.",
        failure("{{ messages." + change + " }}").getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"update({})", "pop('role')", "popitem()", "setdefault('a', 1)", "clear()"})
  void dictsCannotBeChanged(String change) {
    String name = change.substring(0, change.indexOf('('));
    assertEquals("access to attribute '" + name + "' of 'dict' object is unsafe.",
        failure("{{ messages[0]." + change + " }}").getMessage());
  }

  @Test
  void aTemplateSeesCopiesOfTheVariables() {
    List<Object> list = new ArrayList<>(List.of(1, 2));
    Map<String, Object> variables = new HashMap<>(Map.of("list", list));
    String text = ChatTemplate.parse("{% set list = list + [3] %}{% set add_generation_prompt = 5 %}{{ list }}")
      .render(List.of(Message.user("q")), true, variables);
    assertEquals("[1, 2, 3]", text);
    assertEquals(Map.of("list", List.of(1, 2)), variables);
  }

  @Test
  void javaIsOutOfReach() {
    assertEquals("", render("{{ ''.__class__ }}{{ messages.getClass }}{{ messages[0].class }}{{ ''.hashCode }}"));
    assertEquals("access to attribute '__class__' of 'str' object is unsafe.",
        failure("{{ ''.__class__.__mro__ }}").getMessage());
  }

  @Test
  void anUnknownJavaTypeIsNamed() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> ChatTemplate.parse("")
      .render(List.of(Message.user("a").with("when", List.of(new Object()))), false, Map.of()));
    assertTrue(e.getMessage().contains("messages[0].when[0]"), e.getMessage());
  }
}
