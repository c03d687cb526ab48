package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/**
 * What a reader may set in a notebook: its profile and single values, read here and nowhere else. A notebook names its
 * settings with a value for each profile, and an environment variable or system property beats both:
 *
 * <pre>{@code
 * Settings settings = Settings.of("steps", 48, 562).and("rows", 384, 9000).and("seed", 0, 0);
 * int steps = settings.integer("steps");   // COLDSTART_STEPS, or else the profile's value
 * }</pre>
 *
 * <p>
 * The names: model, steps, rows, prompts, seed; the variables: COLDSTART_PROFILE, COLDSTART_MODEL and so on.
 */
public final class Settings {

  /** The settings there are; environment/run_notebooks.py offers the same. */
  private static final List<String> NAMES = List.of("model", "steps", "rows", "prompts", "seed");

  /** Models whose files hold most weights in 4 bits, and in which form. */
  private static final Map<String, String> FOUR_BITS = Map.of("SmolLM2-135M-Instruct", "Q4_1", "gemma-3-270m",
      "Q4_K_M");

  private static final String PROFILE = "COLDSTART_PROFILE";

  private record Setting(Object value, String origin) {}

  private final Function<String, String> environment;
  private final Profile profile;
  private final Map<String, Setting> settings;

  private Settings(Function<String, String> environment, Profile profile, Map<String, Setting> settings) {
    this.environment = environment;
    this.profile = profile;
    this.settings = settings;
  }

  /**
   * A first setting, with its value in the quick and in the article profile; see {@link #and}.
   *
   * @throws IllegalArgumentException if COLDSTART_PROFILE or this setting's variable has no valid value
   */
  public static Settings of(String name, Object quick, Object article) {
    return from(variable -> System.getProperty(variable, System.getenv(variable))).and(name, quick, article);
  }

  /** No settings yet; variables are looked up by their full name (null where not set). */
  static Settings from(Function<String, String> lookUp) {
    Function<String, String> environment = variable -> {
      String text = lookUp.apply(variable);
      return text == null || text.isBlank() ? null : text.strip();
    };
    return new Settings(environment, profile(environment.apply(PROFILE)), Map.of());
  }

  private static Profile profile(String text) {
    if (text == null) {
      return Profile.QUICK;
    }
    return Arrays.stream(Profile.values())
      .filter(profile -> profile.toString().equals(text))
      .findFirst()
      .orElseThrow(() -> new IllegalArgumentException(PROFILE + " is \"" + text + "\"; it may be quick or article"));
  }

  /**
   * These settings and one more.
   *
   * @param name model, steps, rows, prompts or seed
   * @param quick text for model, a whole number for the others
   * @param article of the same type
   * @throws IllegalArgumentException if there is no such setting, or its variable has no valid value
   */
  public Settings and(String name, Object quick, Object article) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "There is no setting \"" + name + "\"; the settings are " + String.join(", ", NAMES));
    }
    String variable = "COLDSTART_" + name.toUpperCase(Locale.ROOT);
    String given = environment.apply(variable);
    Map<String, Setting> more = new LinkedHashMap<>(settings);
    more.put(name, given == null ? new Setting(choose(quick, article), "profile")
        : new Setting(name.equals("model") ? given : number(variable, given), variable));
    return new Settings(environment, profile, more);
  }

  private static int number(String variable, String text) {
    int least = variable.equals("COLDSTART_SEED") ? 0 : 1;
    long number = text.matches("[0-9]{1,10}") ? Long.parseLong(text) : -1;
    if (number < least || number > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s is \"%s\"; it may be a whole number from %d to %d".formatted(variable, text, least, Integer.MAX_VALUE));
    }
    return (int) number;
  }

  /** The profile: quick unless COLDSTART_PROFILE says otherwise. */
  public Profile profile() {
    return profile;
  }

  /** A setting that is a whole number. */
  public int integer(String name) {
    return ((Number) setting(name).value()).intValue();
  }

  /** A setting that is text. */
  public String text(String name) {
    return String.valueOf(setting(name).value());
  }

  private Setting setting(String name) {
    Setting setting = settings.get(name);
    if (setting == null) {
      throw new IllegalArgumentException(
          "This notebook has no setting \"%s\"; it has %s".formatted(name, String.join(", ", settings.keySet())));
    }
    return setting;
  }

  /**
   * One of two values, by the profile; for what is part of a profile but no setting: {@code
   * settings.choose(3e-4, 1e-5)}.
   */
  public <T> T choose(T quick, T article) {
    return profile == Profile.QUICK ? quick : article;
  }

  /**
   * Name, value and origin of each, and which weights the model has if its file holds them in 4 bits; shown when the
   * settings are a cell's last expression.
   */
  public Table toTable() {
    List<List<String>> rows = new ArrayList<>();
    boolean chosen = environment.apply(PROFILE) != null;
    rows.add(List.of("profile", profile.toString(), chosen ? PROFILE : "default; or article"));
    settings.forEach((name, setting) -> {
      String value = String.valueOf(setting.value());
      rows.add(List.of(name, value, setting.origin()));
      if (name.equals("model") && FOUR_BITS.containsKey(value)) {
        rows.add(List.of("weights", FOUR_BITS.get(value) + ", 4 bits for most, widened to f32", "the model's file"));
      }
    });
    return Show.table("", List.of("setting", "value", "from"), rows);
  }

  @Override
  public String toString() {
    return toTable().print();
  }
}
