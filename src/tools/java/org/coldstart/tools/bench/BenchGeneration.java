package org.coldstart.tools.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.DType;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Greedy answers to prompts, some at a time. */
@Command(name = "generation", description = "Answers prompts greedily.")
final class BenchGeneration implements Callable<Integer> {

  @Option(names = "--model", required = true)
  private Path model;

  @Option(names = "--prompts", required = true, description = "JSON lines with a prompt each")
  private Path prompts;

  @Option(names = "--batch", defaultValue = "1", description = "prompts at a time")
  private int batch;

  @Option(names = "--new-tokens", defaultValue = "64", description = "most tokens of an answer")
  private int newTokens;

  @Option(names = {"--decode", "--dtype"}, defaultValue = "F32", description = "of the weights: F32, BF16, INT8 or INT4")
  private DType dtype;

  @Option(names = "--out", required = true)
  private Path out;

  @Override
  public Integer call() {
    try (CausalLm lm = CausalLm.fromPretrained(model, dtype); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      Generator generator = new Generator(lm, tokenizer);
      List<int[]> ids = promptIds(generator);
      generator.generate(ids.subList(0, batch), Sampling.greedy(), 4); // warm-up, not counted
      List<Generation> replies = new ArrayList<>();
      long start = System.nanoTime();
      for (int from = 0; from + batch <= ids.size(); from += batch) {
        replies.addAll(generator.generate(ids.subList(from, from + batch), Sampling.greedy(), newTokens));
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      long tokens = replies.stream().mapToLong(reply -> reply.ids().length).sum();
      new Figures().putPeak()
        .put("prompt_tokens", ids.stream().mapToInt(row -> row.length).sum())
        .put("answer_tokens", tokens)
        .put("seconds", seconds)
        .put("tokens_per_second", tokens / seconds)
        .put("answers", replies.stream().map(Generation::ids).toList())
        .write(out);
    }
    return 0;
  }

  private List<int[]> promptIds(Generator generator) {
    DataSet rows = DataSet.load(prompts.toString());
    return IntStream.range(0, rows.size())
      .mapToObj(i -> generator.promptIds(List.of(Message.user(rows.get(i).text("text")))))
      .toList();
  }
}
