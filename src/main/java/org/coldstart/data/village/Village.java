package org.coldstart.data.village;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.coldstart.data.DataSet;
import org.coldstart.data.Split;

/**
 * A village whose people exist nowhere else: what a model says of them, it has learnt here.
 *
 * <pre>{@code
 * Village village = Village.of(24, 42);
 * DataSet stories = village.stories(4000, 1);     // column text, to pretrain on
 * Split questions = village.questions(6);         // columns prompt and completion, to fine-tune on
 * }</pre>
 *
 * <p>
 * The stories state where everybody lives, works, which pet they have and what they like to eat, in changing words, and
 * never ask a question. The questions ask for just these facts. So a model can answer questions on villagers it was
 * never asked about only if it takes the facts from the stories.
 *
 * @param villagers everybody, in random order
 */
public record Village(List<Villager> villagers) {

  /**
   * One of the village, and the four facts that are known of everybody.
   *
   * @param name a first name, nobody else's
   * @param pronoun {@code She} or {@code He}
   */
  public record Villager(String name, String pronoun, String home, String job, String pet, String food) {}

  private static final List<String> WOMEN = words(
      "Anna Clara Ella Grace Ida Kate Mia Olga Rosa Tina Vera Zoe Alice Dora Flora Helen");
  private static final List<String> MEN = words(
      "Ben David Frank Hugo Jack Leo Nick Paul Sam Umar Will Adam Carl Emil Gus Max");
  private static final List<String> HOMES = words(
      "mill tower castle lighthouse cottage barn school inn boathouse abbey cabin library");
  private static final List<String> JOBS = words(
      "baker tailor teacher doctor sailor painter gardener blacksmith shepherd carpenter weaver potter");
  private static final List<String> PETS = words(
      "goat cat dog duck pony parrot rabbit hen lamb donkey tortoise hedgehog");
  private static final List<String> FOODS = words(
      "pears plums apples carrots cherries noodles pancakes walnuts beans olives radishes biscuits");

  // Sentences: N stands for the name, S for the name or the pronoun, H, J, P and F for home, job, pet and food, W, L
  // and T for a weather, a place and a time of day.
  private static final List<List<String>> FACTS = List.of(
      List.of("N lives in the H.", "S lives in the H.", "The home of N is the H."),
      List.of("N works as a J.", "S works as a J.", "In the village N is a J."),
      List.of("N has a P.", "S has a P.", "The pet of N is a P."),
      List.of("N likes F.", "S likes F.", "For dinner N eats F."));
  private static final List<String> OPENINGS = List.of("One T it was W.", "It was a W T.",
      "Once, on a W T, N went out.", "Here is a story of N.");
  private static final List<String> EVENTS = List.of("One T the P ran away, and N found it by the L.",
      "In the T the J sat down by the L with the P.", "The P was hungry, so N gave it some F.",
      "N walked from the H to the L and back.", "When it was W, N stayed in the H with the P.",
      "A friend came to the H and brought a basket of F.");
  private static final List<String> ENDINGS = List.of("Then N went home to the H.", "At night the P slept in the H.",
      "N was happy.", "Everybody in the village knows the J and the P.");
  private static final List<String> WEATHER = List.of("sunny", "rainy", "windy", "cold", "warm", "foggy");
  private static final List<String> PLACES = List.of("river", "well", "bridge", "lake", "hill", "old tree");
  private static final List<String> TIMES = List.of("morning", "evening", "day", "afternoon");

  private static List<String> words(String words) {
    return List.of(words.split(" "));
  }

  public Village {
    villagers = List.copyOf(villagers);
  }

  /** From 1 to 32 people with facts drawn at random; homes, jobs, pets and foods are 12 each and spread evenly. */
  public static Village of(int size, long seed) {
    if (size < 1 || size > WOMEN.size() + MEN.size()) {
      throw new IllegalArgumentException(
          "A village has 1 to " + (WOMEN.size() + MEN.size()) + " people, not " + size + ".");
    }
    Random random = new Random(seed);
    List<String> names = new ArrayList<>(Stream.concat(WOMEN.stream(), MEN.stream()).toList());
    Collections.shuffle(names, random);
    List<String> homes = dealt(HOMES, size, random);
    List<String> jobs = dealt(JOBS, size, random);
    List<String> pets = dealt(PETS, size, random);
    List<String> foods = dealt(FOODS, size, random);
    List<Villager> villagers = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String pronoun = WOMEN.contains(names.get(i)) ? "She" : "He";
      villagers.add(new Villager(names.get(i), pronoun, homes.get(i), jobs.get(i), pets.get(i), foods.get(i)));
    }
    return new Village(villagers);
  }

  private static List<String> dealt(List<String> from, int size, Random random) {
    List<String> cards = new ArrayList<>();
    while (cards.size() < size) {
      cards.addAll(from);
    }
    cards = cards.subList(0, size);
    Collections.shuffle(cards, random);
    return cards;
  }

  /** So many stories of about sixty words, in turn of each villager, in random order; the column is {@code text}. */
  public DataSet stories(int count, long seed) {
    Random random = new Random(seed);
    List<Map<String, String>> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(Map.of("text", story(villagers.get(i % villagers.size()), random)));
    }
    Collections.shuffle(rows, random);
    return DataSet.fromList(rows);
  }

  /** The four facts and an event in random order, between an opening and an ending. */
  private static String story(Villager villager, Random random) {
    List<String> sentences = new ArrayList<>();
    FACTS.forEach(fact -> sentences.add(pick(fact, random)));
    sentences.add(pick(EVENTS, random));
    Collections.shuffle(sentences, random);
    sentences.add(0, pick(OPENINGS, random));
    sentences.add(pick(ENDINGS, random));
    List<String> story = new ArrayList<>();
    boolean named = false;
    for (String sentence : sentences) {
      // A pronoun only after the name, and not always.
      String subject = named && random.nextBoolean() ? villager.pronoun() : villager.name();
      named |= sentence.contains("N") || sentence.startsWith("S ");
      story.add(filled(sentence, subject, villager, random));
    }
    return String.join(" ", story);
  }

  private static String filled(String sentence, String subject, Villager villager, Random random) {
    return sentence.replaceAll("\\bS\\b", subject)
      .replaceAll("\\bN\\b", villager.name())
      .replaceAll("\\bH\\b", villager.home())
      .replaceAll("\\bJ\\b", villager.job())
      .replaceAll("\\bP\\b", villager.pet())
      .replaceAll("\\bF\\b", villager.food())
      .replaceAll("\\bW\\b", pick(WEATHER, random))
      .replaceAll("\\bL\\b", pick(PLACES, random))
      .replaceAll("\\bT\\b", pick(TIMES, random));
  }

  private static String pick(List<String> from, Random random) {
    return from.get(random.nextInt(from.size()));
  }

  /**
   * Four questions on everybody by name, with one sentence each as the answer: "He has a goat."
   *
   * @param heldOut villagers whose questions are kept for testing: nothing is asked about them in training
   * @return rows with the columns {@code prompt} and {@code completion}
   */
  public Split questions(int heldOut) {
    if (heldOut < 0 || heldOut > villagers.size()) {
      throw new IllegalArgumentException("%d villagers cannot be held out of %d.".formatted(heldOut, villagers.size()));
    }
    int training = villagers.size() - heldOut;
    return new Split(questions(villagers.subList(0, training)),
        questions(villagers.subList(training, villagers.size())));
  }

  private static DataSet questions(List<Villager> about) {
    List<Map<String, String>> rows = new ArrayList<>();
    for (Villager v : about) {
      rows.add(row("Where does %s live?", "%s lives in the %s.", v, v.home()));
      rows.add(row("What is the work of %s?", "%s works as a %s.", v, v.job()));
      rows.add(row("Which pet has %s?", "%s has a %s.", v, v.pet()));
      rows.add(row("What does %s like to eat?", "%s likes %s.", v, v.food()));
    }
    return DataSet.fromList(rows);
  }

  private static Map<String, String> row(String question, String answer, Villager v, String what) {
    Map<String, String> row = new LinkedHashMap<>();
    row.put("prompt", "Question: " + question.formatted(v.name()) + "\nAnswer:");
    row.put("completion", " " + answer.formatted(v.pronoun(), what));
    return row;
  }
}
