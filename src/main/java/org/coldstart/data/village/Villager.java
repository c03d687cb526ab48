package org.coldstart.data.village;

/**
 * One of the village, and the four things that are known of everybody.
 *
 * @param name a first name, nobody else's
 * @param pronoun {@code She} or {@code He}
 * @param home where the villager lives, such as {@code mill}
 * @param job such as {@code baker}
 * @param pet an animal, such as {@code goat}
 * @param food eaten with pleasure, such as {@code pears}
 */
public record Villager(
    String name, String pronoun, String home, String job, String pet, String food) {}
