package dev.sluice.rollout.store;

import dev.sluice.chassis.Json;
import dev.sluice.chassis.Kinds;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.Texts;

/// The texts of the decision record, in the JSON of the wire.
public final class DecisionTexts implements Texts {
  private static final Kinds COMMANDS = new Kinds(RolloutCommand.class);

  @Override
  public String kind(Object value) { return Kinds.name(value.getClass()); }

  @Override
  public String json(Object value) { return Json.text(value); }

  @Override
  public RolloutCommand command(String kind, String json) { return (RolloutCommand) COMMANDS.read(kind, json); }
}
