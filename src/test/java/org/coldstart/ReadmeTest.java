package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the README promises about the source: a reading list one can get through in an evening. */
class ReadmeTest {

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

  @Test
  void theReadingListIsShort() throws IOException {
    List<String> files = readingList();
    assertTrue(!files.isEmpty() && files.size() <= 20, files.size() + " files: " + files);
    long lines = 0;
    for (String file : files) {
      lines += Files.readAllLines(Path.of(file)).size();
    }
    assertTrue(lines <= 4000, lines + " lines");
  }

  @Test
  void everyLinkLeadsToAFile() throws IOException {
    List<String> broken = links(Files.readString(Path.of("README.md"))).stream()
      .filter(link -> !Files.exists(Path.of(link)))
      .toList();
    assertEquals(List.of(), broken);
  }

  private static List<String> readingList() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    Matcher section = Pattern.compile("(?ms)^## Read in this order$(.*?)^## ").matcher(readme);
    assertTrue(section.find(), "README has no section \"Read in this order\"");
    return links(section.group(1)).stream().filter(link -> link.startsWith("src/main/")).toList();
  }

  private static List<String> links(String text) {
    return LINK.matcher(text).results().map(link -> link.group(1)).distinct().toList();
  }
}
