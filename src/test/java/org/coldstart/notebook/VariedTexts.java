package org.coldstart.notebook;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Texts that tokenizers like to disagree about, the same ones for the same seed. */
final class VariedTexts {

  private static final List<String> PIECES =
      List.of(
          "the",
          "The",
          "Answer",
          "don't",
          "naïve",
          "straße",
          "e\u0301",
          "über",
          "Привет",
          "שלום",
          "مرحبا",
          "नमस्ते",
          "微调",
          "测试",
          "我学会了",
          "。",
          ",",
          "日本語",
          "ｆｕｌｌ",
          "한국어",
          "0",
          "7",
          "42",
          "2024",
          "3.14",
          "1,000,000",
          "½",
          "٣",
          "🙂",
          "🧠💡",
          "👩‍👩‍👧",
          "🇩🇪",
          "👍🏽",
          " ",
          "  ",
          "     ",
          "\n",
          "\n\n",
          "\t",
          "\r\n",
          "\u00a0",
          "\u3000",
          "\u0000",
          "\u0007",
          "\u001b[0m",
          "\u007f",
          "\u0085",
          "\u200b",
          "\u200d",
          "\u2028",
          "\ufeff",
          "\ufffd",
          "\ue000",
          ".",
          "!",
          "...",
          "'s",
          "\"",
          "\\",
          "<",
          ">",
          "</",
          "<|",
          "|>",
          "{{",
          "==",
          "->",
          "https://a.b/c?d=e&f");

  private VariedTexts() {}

  /**
   * Up to twelve pieces a text, of ordinary ones and of {@code tokens}, which also come in halves
   * and side by side.
   */
  static List<String> of(long seed, int count, String... tokens) {
    Random random = new Random(seed);
    List<String> halves =
        Stream.of(tokens)
            .flatMap(t -> Stream.of(t.substring(0, t.length() / 2), t.substring(t.length() / 2)))
            .toList();
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                IntStream.range(0, random.nextInt(13))
                    .mapToObj(
                        j ->
                            switch (random.nextInt(8)) {
                              case 0, 1 -> tokens[random.nextInt(tokens.length)];
                              case 2 -> halves.get(random.nextInt(halves.size()));
                              default -> PIECES.get(random.nextInt(PIECES.size()));
                            })
                    .collect(Collectors.joining()))
        .toList();
  }
}
