package org.coldstart.data.village;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Writes the same four facts again and again in other words, with something that happens in between.
 *
 * <p>
 * In the sentences, N stands for the name, S for the name or the pronoun, H, J, P and F for home, job, pet and food,
 * and W, L and T for a weather, a place and a time of day.
 */
final class StoryTeller {
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

  private final Random random;

  StoryTeller(Random random) {
    this.random = random;
  }

  String story(Village.Villager villager) {
    List<String> middle = new ArrayList<>();
    FACTS.forEach(fact -> middle.add(pick(fact)));
    middle.add(pick(EVENTS));
    Collections.shuffle(middle, random);
    List<String> sentences = new ArrayList<>(List.of(pick(OPENINGS)));
    sentences.addAll(middle);
    sentences.add(pick(ENDINGS));
    StringBuilder story = new StringBuilder();
    boolean named = false;
    for (String sentence : sentences) {
      // A pronoun only after the name, and not always.
      String subject = named && random.nextBoolean() ? villager.pronoun() : villager.name();
      named |= sentence.contains("N") || sentence.startsWith("S ");
      story.append(story.isEmpty() ? "" : " ").append(filled(sentence, subject, villager));
    }
    return story.toString();
  }

  private String filled(String sentence, String subject, Village.Villager villager) {
    return sentence.replaceAll("\\bS\\b", subject)
      .replaceAll("\\bN\\b", villager.name())
      .replaceAll("\\bH\\b", villager.home())
      .replaceAll("\\bJ\\b", villager.job())
      .replaceAll("\\bP\\b", villager.pet())
      .replaceAll("\\bF\\b", villager.food())
      .replaceAll("\\bW\\b", pick(WEATHER))
      .replaceAll("\\bL\\b", pick(PLACES))
      .replaceAll("\\bT\\b", pick(TIMES));
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
