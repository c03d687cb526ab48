package org.coldstart.scale;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.study.Initialization;
import org.coldstart.tools.study.RunStudy;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The runs of {@code environment/study} side by side: each point of the grid that the command's lists span is that
 * command with one value of each, run by a worker in a folder of its own. Runs that the files hold are not repeated.
 */
@Command(name = "study", mixinStandardHelpOptions = true, description = "Runs environment/study's commands, a worker for each point of the grid that their lists span.")
final class RunStudies implements Callable<Integer> {

  /** Options with a list, from the outermost loop of a local run in. */
  private static final List<String> AXES = List.of("--steps", "--rows", "--seeds", "--seed", "--ways");

  @Option(names = "--out", description = "folder of CSV files and replies (default: ${DEFAULT-VALUE})")
  private Path out = Path.of("data/studies");

  @Parameters(arity = "1..*", description = "what environment/study is told, such as init --seeds 0,1,2")
  private List<String> study;

  @Override
  public Integer call() throws Exception {
    List<List<String>> grid = grid(study);
    new CommandLine(new RunStudy()).parseArgs(grid.get(0).toArray(String[]::new)); // a wrong option is told here
    ExecutorService jobs = Executors.newFixedThreadPool(grid.size());
    try (Cluster cluster = new Cluster("study", true)) {
      Map<String, String> before = texts(out);
      List<Future<Map<String, String>>> runs = grid.stream()
        .map(run -> jobs.submit(
            () -> cluster.context().parallelize(List.of(run), 1).map(it -> run(it, before)).first()))
        .toList();
      List<Map<String, String>> results = new ArrayList<>(List.of(before));
      for (int i = 0; i < grid.size(); i++) {
        results.add(runs.get(i).get());
        write(results);
        cluster.say("%s done, %d of %d".formatted(String.join(" ", grid.get(i)), i + 1, grid.size()));
      }
    } finally {
      jobs.shutdownNow();
    }
    return 0;
  }

  /** Every combination of the lists' values, in the order of a local run. */
  static List<List<String>> grid(List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    if (all.get(0).equals("init")) {
      withDefault(all, "--seeds", "0,1,2");
      withDefault(all, "--ways",
          Initialization.all("").stream().map(Initialization::name).collect(Collectors.joining(",")));
    }
    int model = all.indexOf("--model") + 1;
    if (model > 0 && model < all.size()) {
      all.set(model, Worker.everywhere(all.get(model)));
    }
    List<List<String>> grid = List.of(all);
    for (String axis : AXES) {
      int at = all.indexOf(axis) + 1;
      if (at > 0 && at < all.size()) {
        grid = grid.stream()
          .flatMap(run -> Stream.of(run.get(at).split(",")).map(value -> with(run, at, value)))
          .toList();
      }
    }
    return grid;
  }

  private static void withDefault(List<String> arguments, String option, String values) {
    if (!arguments.contains(option)) {
      arguments.addAll(List.of(option, values));
    }
  }

  private static List<String> with(List<String> run, int at, String value) {
    List<String> changed = new ArrayList<>(run);
    changed.set(at, value);
    return changed;
  }

  /** What a run wrote, beginning with what there is already. */
  private static Map<String, String> run(List<String> arguments, Map<String, String> before) throws IOException {
    int model = arguments.indexOf("--model") + 1;
    if (model > 0) {
      Worker.see(arguments.get(model));
      Worker.makeRoom(arguments.get(model));
    }
    Path folder = Files.createTempDirectory("study");
    for (Map.Entry<String, String> file : before.entrySet()) {
      Files.writeString(folder.resolve(file.getKey()), file.getValue());
    }
    List<String> all = new ArrayList<>(arguments);
    boolean init = all.get(0).equals("init");
    all.addAll(List.of("--out", init ? folder.resolve("initialization.csv").toString() : folder.toString()));
    if (!init) {
      all.addAll(List.of("--checkpoints", folder.resolve("checkpoints").toString()));
    }
    new CommandLine(new RunStudy()).setExecutionExceptionHandler((failure, command, parsed) -> {
      throw failure;
    }).execute(all.toArray(String[]::new));
    return texts(folder);
  }

  private static Map<String, String> texts(Path folder) throws IOException {
    Map<String, String> texts = new TreeMap<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.filter(it -> it.toString().matches(".*\\.(csv|jsonl)")).toList()) {
          texts.put(file.getFileName().toString(), Files.readString(file));
        }
      }
    }
    return texts;
  }

  /** Lines of CSV files in the grid's order, each once; other files as the last run left them. */
  private void write(List<Map<String, String>> results) {
    Map<String, Set<String>> lines = new TreeMap<>();
    results.forEach(files -> files.forEach((name, text) -> {
      if (!name.endsWith(".csv")) {
        lines.remove(name);
      }
      lines.computeIfAbsent(name, it -> new LinkedHashSet<>()).addAll(text.lines().toList());
    }));
    lines.forEach((name, text) -> AtomicFiles.writeString(out.resolve(name), String.join("\n", text) + "\n"));
  }
}
