package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.coldstart.data.Conversation;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.Marked;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/**
 * The loss of a conversation small enough to read, added up by hand over the tokens in brackets.
 */
class MaskedLossTest {

  private static final Conversation CHAT = Conversation.of(Message.user("2 + 2?"), Message.assistant("4"),
      Message.user("Sure?"), Message.assistant("Yes."));

  @Test
  void theTrainersLossIsThatOfTheRepliesAndTheirEndTokens() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      Example example = new ExampleBuilder(tokenizer).build(1, CHAT);
      assertEquals("<|bos|>user\n2 + 2?<|eos|>\n" + "<|bos|>assistant\n[4<|eos|>]\n" + "<|bos|>user\nSure?<|eos|>\n"
          + "<|bos|>assistant\n[Yes.<|eos|>]\n", Marked.text(tokenizer, example));
      double[] surprise = surprise(model, example.ids());
      SftConfig config = SftConfig.builder().maxSteps(1).loggingSteps(1).build();
      double loss = new SftTrainer(model, tokenizer, config, List.of(example), List.of()).train().trainLoss();
      assertEquals(mean(surprise, example.mask()), loss, 1e-5);
      for (int t = 1; t < example.length(); t++) {
        boolean[] other = example.mask().clone();
        other[t] = !other[t];
        double off = Math.abs(mean(surprise, other) - loss);
        assertTrue(off > 1e-4, "one token more or less would show: " + t + " moves by " + off);
      }
    }
  }

  /** −log P(token t | those before it), from the logits of the row before it; 0 for the first. */
  private static double[] surprise(CausalLm model, int[] ids) {
    float[] logits = Arrays32.logits(model, ids, Precision.F32);
    int vocabulary = logits.length / ids.length;
    double[] surprise = new double[ids.length];
    for (int t = 1; t < ids.length; t++) {
      float[] row = Arrays32.part(logits, (t - 1) * vocabulary, vocabulary);
      double sum = 0;
      for (float logit : row) {
        sum += Math.exp(logit);
      }
      surprise[t] = Math.log(sum) - row[ids[t]];
    }
    return surprise;
  }

  private static double mean(double[] surprise, boolean[] mask) {
    double[] kept = new double[surprise.length];
    int count = 0;
    for (int t = 0; t < surprise.length; t++) {
      if (mask[t]) {
        kept[count++] = surprise[t];
      }
    }
    return Arrays.stream(kept, 0, count).average().orElseThrow();
  }
}
