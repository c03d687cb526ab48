package org.coldstart.tools.study;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.evaluate.Perplexity;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.model.Pretrained;
import org.coldstart.study.RecipeRun;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.tools.reasoning.ProblemGenerator;
import org.coldstart.train.SaveStrategy;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingResult;

/**
 * Long runs of the notebooks' recipes. A run that the CSV file holds is not repeated; one that was killed goes on from
 * its last checkpoint.
 *
 * @param model name or path of the model that every run starts from
 * @param results folder of the CSV files and of the replies
 * @param checkpoints folder of the runs at work
 * @param questions held-out questions, as many as there are at most
 * @param machine for the reader of the results
 */
record RecipeStudy(String model, Path results, Path checkpoints, int questions, long seed, String machine) {

  private static final int WATCHED = 64;
  private static final int SAVE_STEPS = 30;
  private static final int KEPT_REPLIES = 40;
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping()
    .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
    .create();

  /** What training came to. */
  private record Trained(int steps, double lossBefore, double lossAfter, double tokensPerSecond, double seconds) {}

  /** Trains and asks, unless that is done already. */
  void run(String csv, Recipe recipe, int rows, int epochs) {
    Path file = results.resolve(csv);
    String name = "%s-%d".formatted(recipe.name().replace(' ', '-'), rows);
    boolean done = RecipeRun.readAll(file)
      .stream()
      .anyMatch(it -> it.model().equals(modelName()) && it.recipe().equals(recipe.name()) && it.rows() == rows
          && it.seed() == seed);
    if (done) {
      System.out.println(name + " is in " + file);
      return;
    }
    Path folder = folder(name);
    try (CausalLm lm = CausalLm.fromPretrained(model); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      recipe.begin(tokenizer, lm, seed);
      DataSet test = DataSet.load(recipe.data(), "test");
      List<Example> watched = recipe.examples(tokenizer, test.select(0, Math.min(WATCHED, test.size())));
      Trained trained = rows == 0 ? untrained(lm, watched)
          : train(lm, tokenizer, recipe, DataSet.load(recipe.data(), "train").select(0, rows), epochs, watched, folder);
      List<Recipe.Judged> replies = recipe.ask(lm, tokenizer, test.select(0, Math.min(questions, test.size())));
      List<String> kinds = kinds(replies);
      writeReplies(folder.resolveSibling(name + "-replies.jsonl"), replies, kinds);
      writeReplies(results.resolve(name + "-replies.jsonl"), replies.subList(0, Math.min(KEPT_REPLIES, replies.size())),
          kinds);
      Function<String, RecipeRun> line = kind -> line(recipe, rows, epochs, trained, kind, replies, kinds);
      List<RecipeRun> runs = new ArrayList<>(RecipeRun.readAll(file));
      runs.add(line.apply(RecipeRun.ALL));
      new TreeSet<>(kinds).stream().filter(kind -> !kind.isEmpty()).map(line).forEach(runs::add);
      RecipeRun.writeAll(file, runs);
      System.out.println(line.apply(RecipeRun.ALL));
    }
    delete(folder);
  }

  /** A model that a run of a recipe has trained, once; it stays beside the runs at work. */
  Path trained(Recipe recipe, int rows) {
    Path kept = folder("%s-%d-trained".formatted(recipe.name(), rows));
    if (!Files.exists(kept)) {
      Path folder = folder("%s-%d".formatted(recipe.name(), rows));
      try (CausalLm lm = CausalLm.fromPretrained(model); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
        recipe.begin(tokenizer, lm, seed);
        List<Example> watched = recipe.examples(tokenizer, DataSet.load(recipe.data(), "test").select(0, WATCHED));
        train(lm, tokenizer, recipe, DataSet.load(recipe.data(), "train").select(0, rows), 1, watched, folder);
        Pretrained.save(kept, lm, tokenizer);
      }
      delete(folder);
    }
    return kept;
  }

  /** Of a run at work. */
  Path folder(String run) {
    return checkpoints.resolve(modelName() + "-" + run + "-seed-" + seed);
  }

  String modelName() {
    return Path.of(model).getFileName().toString();
  }

  private static Trained untrained(CausalLm lm, List<Example> watched) {
    double loss = Perplexity.of(lm, watched).meanLoss();
    return new Trained(0, loss, loss, 0, 0);
  }

  private Trained train(CausalLm lm, Tokenizer tokenizer, Recipe recipe, DataSet rows, int epochs,
      List<Example> watched, Path folder) {
    SftConfig config = recipe.config()
      .numTrainEpochs(epochs)
      .precision(Precision.fastest())
      .seed(seed)
      .loggingSteps(10)
      .evalSteps(50)
      .outputDir(folder)
      .saveStrategy(SaveStrategy.STEPS)
      .saveSteps(SAVE_STEPS)
      .saveTotalLimit(1)
      .build();
    SftTrainer trainer = new SftTrainer(lm, tokenizer, config, recipe.examples(tokenizer, rows), watched);
    TrainingListener log = new TrainingListener() {
      @Override
      public void onStep(Step now) {
        if (now.step() % 10 == 0) {
          System.out.println(folder.getFileName() + ": step " + now.step() + " of " + now.totalSteps());
        }
      }
    };
    TrainingResult result = SftTrainer.lastCheckpoint(folder).isPresent() ? trainer.resume(log) : trainer.train(log);
    if (result.interrupted()) {
      throw new CancellationException("Stopped; the same command goes on from " + folder);
    }
    return new Trained(result.steps(), result.log().entries().get(0).evalLoss(), result.evalLoss(),
        result.tokensPerSecond(), result.seconds());
  }

  /** Of each question; empty for one that is not among the word problems. */
  private static List<String> kinds(List<Recipe.Judged> replies) {
    ProblemGenerator generator = ProblemGenerator.ofTheDataSet();
    return replies.stream().map(reply -> generator.kind(reply.question()).orElse("")).toList();
  }

  private RecipeRun line(Recipe recipe, int rows, int epochs, Trained trained, String kind, List<Recipe.Judged> replies,
      List<String> kinds) {
    List<Recipe.Judged> of = new ArrayList<>();
    for (int i = 0; i < replies.size(); i++) {
      if (kind.equals(RecipeRun.ALL) || kind.equals(kinds.get(i))) {
        of.add(replies.get(i));
      }
    }
    RecipeRun.Counts counts = new RecipeRun.Counts(count(of, Recipe.Judged::ended),
        count(of, Recipe.Judged::wellFormed), count(of, Recipe.Judged::exact),
        count(of, Recipe.Judged::reasoningHolds));
    return new RecipeRun(modelName(), recipe.name(), rows, rows == 0 ? 0 : epochs, trained.steps(), seed, kind,
        of.size(), counts, of.stream().mapToInt(Recipe.Judged::tokens).average().orElse(0), trained.lossBefore(),
        trained.lossAfter(), trained.tokensPerSecond(), trained.seconds(), machine);
  }

  private static int count(List<Recipe.Judged> replies, Function<Recipe.Judged, Boolean> verdict) {
    return verdict.apply(replies.get(0)) == null ? -1 : (int) replies.stream().filter(verdict::apply).count();
  }

  private static void writeReplies(Path file, List<Recipe.Judged> replies, List<String> kinds) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < replies.size(); i++) {
      JsonObject json = GSON.toJsonTree(replies.get(i)).getAsJsonObject();
      json.addProperty("kind", kinds.get(i));
      lines.add(GSON.toJson(json) + "\n");
    }
    AtomicFiles.writeString(file, lines.stream().collect(Collectors.joining()));
  }

  static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove the checkpoints in " + folder, e);
    }
  }
}
