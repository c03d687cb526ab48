package org.coldstart.tools.reasoning;

import java.util.List;

/**
 * Everyday words of five to seven letters for the kinds that look at letters; none reads the same backwards.
 */
final class Words {
  static final List<String> ALL = List
    .of(("apple banana basket beach bottle branch bread breeze bridge bright brother bubble"
        + " bucket butter button cabbage cabin camera candle canyon carpet carrot castle"
        + " cattle ceiling cellar cherry chicken circle clever cloud coffee cookie copper"
        + " corner cotton cousin cradle cream crown curtain daisy dancer desert dinner"
        + " doctor dollar dolphin donkey dragon dream driver eagle earth eleven engine"
        + " evening fabric falcon family farmer feather fellow field finger flame flower"
        + " forest fossil frozen fruit garden garlic gentle giant ginger glass golden grape"
        + " grass guitar hammer harbour harvest heaven helmet hollow honey horse hunter"
        + " island jacket jungle kettle kitchen kitten ladder lantern leather lemon letter"
        + " lettuce library lizard magnet maple marble market meadow melon middle mirror"
        + " monkey morning mother motor muffin mustard narrow needle nephew nickel number"
        + " ocean office olive onion orange orchard oyster paddle painter palace panda paper"
        + " parrot peanut pebble pencil pepper piano picture pillow pilot pirate planet"
        + " plant plate pocket poetry potato powder prairie pumpkin puppet purple puzzle"
        + " quarter queen rabbit radish raven ribbon river robin rocket roller rubber saddle"
        + " sailor salmon sandal school season secret shadow shelter shovel shower silver"
        + " sister sleeve smooth soccer spider spring stable station steam stone storm"
        + " street summer sunset supper sweater table teacher temple thunder ticket tiger"
        + " timber tomato tower trumpet tunnel turkey turtle uncle valley velvet village"
        + " violin visitor wagon walnut water weather whisper willow window winter wizard" + " wonder yellow zebra")
      .split(" "));

  private Words() {}
}
