package org.coldstart.notebook;

import java.util.List;
import java.util.Map;
import org.coldstart.io.hub.Hub;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.Table;

/**
 * Prepares a Java kernel for the notebooks: default imports, and renderers that show tables, charts, coloured tokens
 * and settings when they are a cell's last expression.
 *
 * <p>
 * Our own kernel calls {@link #init()} by itself. Under any other JJava or IJava, the first cell is
 *
 * <pre>{@code %load ../environment/kernel.jsh}</pre>
 */
public final class Notebook {

  /** What every cell can name without an import; nothing of {@code org.coldstart.io}. */
  static final List<String> IMPORTS = List.of("java.nio.file.*", "java.util.*", "java.util.function.*",
      "java.util.stream.*", "ai.djl.ndarray.*", "ai.djl.ndarray.types.*", "tech.tablesaw.api.*", "org.knowm.xchart.*",
      "org.coldstart.tokenizer.*", "org.coldstart.model.*", "org.coldstart.lora.*", "org.coldstart.data.*",
      "org.coldstart.data.village.*", "org.coldstart.train.*", "org.coldstart.generate.*", "org.coldstart.evaluate.*",
      "org.coldstart.study.*", "org.coldstart.notebook.*", "static org.coldstart.generate.Responses.*",
      "static org.coldstart.notebook.Show.*");

  private Notebook() {}

  /**
   * Registers renderers and imports with the running kernel; calling it twice does no harm, and without a kernel it
   * does nothing.
   */
  public static void init() {
    setDefaults();
    Kernel.running().ifPresent(kernel -> {
      kernel.register(Rich.class, List.of(Rendering.HTML, Rendering.MARKDOWN), Rendering::of);
      kernel.register(Table.class, List.of(Rendering.HTML), Rendering::of);
      kernel.register(Chart.class, List.of(Rendering.PNG, Rendering.HTML), chart -> Rendering.of((Chart<?, ?>) chart));
      kernel.register(Settings.class, List.of(Rendering.HTML), settings -> Rendering.of(settings.toTable()));
      kernel.evaluate("import " + String.join(";\nimport ", IMPORTS) + ";");
      Hub.display(new Progress.DownloadBar());
    });
  }

  /** What our own kernel's specification sets; under another kernel it is set here, unless the user did. */
  private static void setDefaults() {
    Map
      .of("java.awt.headless", "true", "ai.djl.offline", "true", "OPT_OUT_TRACKING", "true", "DJL_CACHE_DIR",
          Output.projectRoot().resolve(".tools").resolve("djl").toString())
      .forEach((name, value) -> {
        if (System.getProperty(name) == null && System.getenv(name) == null) {
          System.setProperty(name, value);
        }
      });
  }
}
