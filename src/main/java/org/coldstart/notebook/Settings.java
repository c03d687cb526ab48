package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/**
 * What a reader may turn in a notebook: its profile and single numbers, read here and nowhere else.
 * A notebook names its knobs with a value for each profile, and an environment variable or system
 * property beats both:
 *
 * <pre>{@code
 * Settings knobs = Settings.of("steps", 48, 562).and("rows", 384, 9000).and("seed", 0, 0);
 * int steps = knobs.integer("steps");   // COLDSTART_STEPS, or else what the profile says
 * }</pre>
 *
 * <p>The names: model, steps, rows, prompts, seed; the variables: COLDSTART_PROFILE,
 * COLDSTART_MODEL and so on.
 */
public final class Settings {

  /**
   * The knobs there are, in the spelling of notebooks; environment/run_notebooks.py offers the
   * same.
   */
  private static final List<String> NAMES = List.of("model", "steps", "rows", "prompts", "seed");

  private record Setting(Object value, String origin) {}

  private final Function<String, String> environment;
  private final Profile profile;
  private final Map<String, Setting> settings;

  private Settings(
      Function<String, String> environment, Profile profile, Map<String, Setting> settings) {
    this.environment = environment;
    this.profile = profile;
    this.settings = settings;
  }

  /**
   * A first knob, with its value in the quick and in the article profile; see {@link #and}.
   *
   * @throws IllegalArgumentException if COLDSTART_PROFILE or this knob's variable holds something
   *     else than it may
   */
  public static Settings of(String name, Object quick, Object article) {
    return from(Settings::lookUp).and(name, quick, article);
  }

  /**
   * No knobs yet, values from this look-up of variables by their full name (null where not set).
   */
  static Settings from(Function<String, String> environment) {
    return new Settings(environment, profile(environment.apply("COLDSTART_PROFILE")), Map.of());
  }

  /**
   * These knobs and one more.
   *
   * @param name model, steps, rows, prompts or seed
   * @param quick text for model, a whole number for the others
   * @param article of the same type
   * @throws IllegalArgumentException if there is no such knob, or its variable holds something else
   *     than it may
   */
  public Settings and(String name, Object quick, Object article) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "There is no knob \"" + name + "\"; the knobs are " + String.join(", ", NAMES));
    }
    String variable = "COLDSTART_" + name.toUpperCase(Locale.ROOT);
    String given = environment.apply(variable);
    Map<String, Setting> more = new LinkedHashMap<>(settings);
    more.put(
        name,
        given == null || given.isBlank()
            ? new Setting(profile == Profile.QUICK ? quick : article, "profile")
            : new Setting(
                name.equals("model") ? given.strip() : number(variable, given.strip()), variable));
    return new Settings(environment, profile, more);
  }

  /** The profile: quick unless COLDSTART_PROFILE says otherwise. */
  public Profile profile() {
    return profile;
  }

  /** A knob that is a whole number. */
  public int integer(String name) {
    return ((Number) setting(name).value()).intValue();
  }

  /** A knob that is text. */
  public String text(String name) {
    return String.valueOf(setting(name).value());
  }

  /**
   * One of two values, by the profile; for what is part of a profile but no knob: {@code
   * knobs.choose(3e-4, 1e-5)}.
   */
  public <T> T choose(T quick, T article) {
    return profile == Profile.QUICK ? quick : article;
  }

  /**
   * Name, value and where the value comes from; shown when the knobs are a cell's last expression.
   */
  public Table toTable() {
    List<List<String>> rows = new ArrayList<>();
    boolean chosen = environment.apply("COLDSTART_PROFILE") != null;
    rows.add(
        List.of(
            "profile", profile.toString(), chosen ? "COLDSTART_PROFILE" : "default; or article"));
    settings.forEach(
        (name, setting) ->
            rows.add(List.of(name, String.valueOf(setting.value()), setting.origin())));
    return Tables.ofRows("", List.of("knob", "value", "from"), rows);
  }

  @Override
  public String toString() {
    return toTable().print();
  }

  private Setting setting(String name) {
    Setting setting = settings.get(name);
    if (setting == null) {
      throw new IllegalArgumentException(
          "This notebook has no knob \""
              + name
              + "\"; it has "
              + String.join(", ", settings.keySet()));
    }
    return setting;
  }

  private static Profile profile(String text) {
    if (text == null || text.isBlank()) {
      return Profile.QUICK;
    }
    for (Profile profile : Profile.values()) {
      if (profile.toString().equals(text.strip())) {
        return profile;
      }
    }
    throw new IllegalArgumentException(
        "COLDSTART_PROFILE is \"" + text + "\"; it may be quick or article");
  }

  private static int number(String variable, String text) {
    int least = variable.equals("COLDSTART_SEED") ? 0 : 1;
    try {
      int number = Integer.parseInt(text);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // the message below says what it may be
    }
    throw new IllegalArgumentException(
        variable
            + " is \""
            + text
            + "\"; it may be a whole number from "
            + least
            + " to "
            + Integer.MAX_VALUE);
  }

  private static String lookUp(String variable) {
    return System.getProperty(variable, System.getenv(variable));
  }
}
