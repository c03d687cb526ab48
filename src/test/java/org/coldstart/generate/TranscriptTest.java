package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** What the model wrote stands in the conversation with the ids it wrote, and nothing is added. */
class TranscriptTest {

  @Test
  void aMarkThatIsInTheTextIsNotTakenForOne() {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      Message sly = Message.user(ChatFormat.placeholder(List.of()) + "0;");
      Generation reply = new Generation(new int[] {70, 71}, "ab", Generation.Stop.LENGTH);
      Transcript talk = Transcript.of(tokenizer, List.of(sly)).with("assistant", reply);
      String text = tokenizer.decode(talk.ids("user"));
      assertEquals(1, text.split(Pattern.quote(sly.content()), -1).length - 1, text);
      String written = tokenizer.decode(reply.ids());
      assertTrue(text.contains("assistant\n" + written + TinyTokenizer.END), text);
    }
  }

  /** Llama 2 puts a blank in front of every text, but what follows a reply is no new text. */
  @Test
  void noBlankComesInBehindWhatWasWritten() {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer/llama2"))) {
      tokenizer.setChatTemplate("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }} .\n{% endfor %}");
      int[] written = tokenizer.encodePart(" the answer", 1, 11).ids();
      Generation reply = new Generation(written, "the answer", Generation.Stop.LENGTH);
      int[] ids = Transcript.of(tokenizer, List.of(Message.user("the dog"))).with("assistant", reply).ids("user");
      assertEquals("▁user:▁the▁dog▁.\nassistant:▁the▁answer▁.\n",
          IntStream.of(ids).mapToObj(tokenizer::idToToken).collect(Collectors.joining()));
    }
  }
}
