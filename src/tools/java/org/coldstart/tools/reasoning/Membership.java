package org.coldstart.tools.reasoning;

import java.util.List;

/** A rule about a group and three people: yes, no, or cannot tell. */
final class Membership implements ProblemKind {
  private record Group(String group, String thing) {}

  private static final List<Group> GROUPS = List.of(new Group("choir", "red scarf"), new Group("band", "drum"),
      new Group("chess club", "gold badge"), new Group("rowing team", "blue cap"), new Group("class", "locker"),
      new Group("book club", "library card"), new Group("ski team", "helmet"), new Group("kitchen crew", "white hat"),
      new Group("sewing group", "name tag"), new Group("orchestra", "music stand"));
  private static final List<String> WORDINGS = List.of(
      "Everyone in the %4$s has a %5$s. %1$s is in the %4$s, %2$s has no %5$s and %3$s has one." + " ",
      "All members of the %4$s own a %5$s. %3$s owns a %5$s, %2$s does not, and %1$s is a" + " member. ",
      "Whoever is in the %4$s has a %5$s. %2$s has no %5$s. %3$s has one. %1$s is in the %4$s." + " ",
      "Each person in the %4$s got a %5$s. %3$s has a %5$s, %1$s is in the %4$s, and %2$s has" + " no %5$s. ",
      "A rule says: all in the %4$s must have a %5$s. %1$s is in it. %3$s has a %5$s, %2$s has" + " none. ");

  @Override
  public String name() {
    return "membership";
  }

  @Override
  public Problem make(Draw draw) {
    List<Person> people = draw.pick(Person.ALL, 3);
    Group group = draw.pick(GROUPS);
    int asked = draw.between(0, 2);
    Person who = people.get(asked);
    String question = asked == 0 ? "Does %s have a %s?".formatted(who, group.thing())
        : "Is %s in the %s?".formatted(who, group.group());
    String instruction = draw.pick(WORDINGS)
      .formatted(people.get(0), people.get(1), people.get(2), group.group(), group.thing()) + question;
    String conclusion = switch (asked) {
    case 0 -> "%1$s is in the %2$s. It follows that %1$s has a %3$s too.";
    case 1 -> "%1$s has no %3$s. In the %2$s, %1$s would have one. So %1$s is not in it.";
    default -> "%1$s has a %3$s. But people outside may have one too, so we cannot tell.";
    };
    String reasoning = "The rule: all in the %2$s have a %3$s. The fact: " + conclusion;
    String output = List.of("Yes", "No", "Cannot tell").get(asked);
    String step = List.of("%2$s>%3$s;%1$s:%2$s", "%2$s>%3$s;%1$s:no %3$s", "%2$s>%3$s;%1$s:%3$s").get(asked);
    List<String> chain = List.of(step.formatted(who, group.group(), group.thing()).split(";"));
    return new Problem(instruction, reasoning.formatted(who, group.group(), group.thing()), output, chain,
        answer -> answer.equals(solve(asked)));
  }

  /**
   * Goes through all worlds that the rule and the three facts allow and asks the question in each.
   */
  private static String solve(int asked) {
    boolean sometimes = false;
    boolean always = true;
    for (int world = 0; world < 64; world++) {
      boolean[] member = {(world & 1) > 0, (world & 2) > 0, (world & 4) > 0};
      boolean[] owner = {(world & 8) > 0, (world & 16) > 0, (world & 32) > 0};
      boolean rule = (!member[0] || owner[0]) && (!member[1] || owner[1]) && (!member[2] || owner[2]);
      if (rule && member[0] && !owner[1] && owner[2]) {
        boolean answer = asked == 0 ? owner[0] : member[asked];
        sometimes |= answer;
        always &= answer;
      }
    }
    return always ? "Yes" : sometimes ? "Cannot tell" : "No";
  }
}
