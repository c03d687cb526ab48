package org.coldstart.tools.reasoning;

import java.util.List;
import java.util.stream.Stream;

/** A person in a problem: the name and the pronouns that go with it. */
record Person(String name, String subject, String possessive) {

  /**
   * Everyone a problem may speak of. No name is also a month or a common word at the start of a sentence.
   */
  static final List<Person> ALL = Stream
    .concat(Stream
      .of("Ana", "Maya", "Zoe", "Emma", "Lina", "Nora", "Sara", "Mia", "Aisha", "Chloe", "Eva", "Ines", "Julia", "Kate",
          "Laura", "Leila", "Mona", "Nadia", "Olga", "Priya", "Rosa", "Sofia", "Tara", "Yuki", "Vera", "Amina")
      .map(name -> new Person(name, "she", "her")),
        Stream
          .of("Ben", "Tom", "Leo", "Omar", "Ali", "Max", "Sam", "Noah", "Luca", "Hugo", "Ivan", "Jack", "Karl", "Liam",
              "Marco", "Nils", "Oscar", "Paul", "Ravi", "Simon", "Tariq", "Victor", "Yusuf", "Adam", "David", "Felix")
          .map(name -> new Person(name, "he", "his")))
    .toList();

  @Override
  public String toString() {
    return name;
  }
}
