package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The names that notebooks/from-python.md promises a reader who comes from Python. */
class FromPythonTest {

  private static final Pattern CODE = Pattern.compile("`([A-Z][A-Za-z]+)(?:\\.([A-Za-z0-9_]+))?`");
  private static final List<String> PACKAGES = List.of("tokenizer", "model", "lora", "data", "train", "generate");

  @Test
  void everyNameOfTheColumnHereExists() throws IOException {
    List<String> columns = Files.readAllLines(Path.of("notebooks/from-python.md"))
      .stream()
      .filter(line -> line.startsWith("| ") && !line.startsWith("| Python"))
      .map(line -> line.split(" \\| ")[1])
      .toList();
    List<MatchResult> names = columns.stream().flatMap(column -> CODE.matcher(column).results()).toList();

    assertTrue(columns.size() > 60 && names.size() > columns.size(), columns.size() + " lines, " + names.size());
    assertEquals(List.of(), columns.stream().filter(c -> !c.equals("–") && !CODE.matcher(c).find()).toList());
    assertEquals(List.of(), names.stream().filter(name -> !exists(name)).map(MatchResult::group).toList());
  }

  @Test
  void aNameThatIsNotThereIsNoticed() {
    assertTrue(exists(name("`SaveStrategy.EPOCH`")) && exists(name("`SftConfig.evalSteps`")));
    assertTrue(!exists(name("`SftConfig.evalStrategy`")) && !exists(name("`SFTConfig`")));
  }

  private static MatchResult name(String code) {
    return CODE.matcher(code).results().findFirst().orElseThrow();
  }

  /** A public class of a package that cells import, and in it a public method, constant, or method of its builder. */
  private static boolean exists(MatchResult name) {
    Optional<Class<?>> type = PACKAGES.stream().flatMap(folder -> type(folder, name.group(1))).findFirst();
    return type.isPresent() && (name.group(2) == null || members(type.get()).anyMatch(name.group(2)::equals));
  }

  private static Stream<Class<?>> type(String folder, String simpleName) {
    try {
      return Stream.of(Class.forName("org.coldstart." + folder + "." + simpleName, false,
          FromPythonTest.class.getClassLoader()));
    } catch (ClassNotFoundException e) {
      return Stream.empty();
    }
  }

  private static Stream<String> members(Class<?> type) {
    Stream<Method> own = Arrays.stream(type.getMethods());
    Stream<Field> constants = Arrays.stream(type.getFields());
    return Stream.<Member>concat(own, constants).map(Member::getName);
  }
}
