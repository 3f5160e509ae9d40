package dev.sluice.rollout.domain;

import dev.sluice.contract.InstanceId;
import dev.sluice.contract.PlanMember;
import java.util.BitSet;
import java.util.List;

/// Who the members are: what of a plan never changes, shared by all states of its rollout. Only `decide` reads it.
public final class Roster {
  private final InstanceId[] ids;
  private final short[] origins;
  private final long[] generations;
  private final BitSet drifted = new BitSet();

  /// @param members all of a revision, in plan order
  public Roster(List<PlanMember> members) {
    ids = new InstanceId[members.size()];
    origins = new short[ids.length];
    generations = new long[ids.length];
    int at = 0;
    for (var member : members) {
      ids[at] = member.instanceId();
      origins[at] = (short) member.origin();
      drifted.set(at, member.wasDrifted());
      generations[at++] = member.generation();
    }
  }

  public InstanceId id(int ordinal) { return ids[ordinal]; }

  /// The place in the plan's origins of the version that it goes back to.
  public int origin(int ordinal) { return origins[ordinal] & 0xffff; }

  /// Whether another digest than that version's ran when it was planned.
  public boolean wasDrifted(int ordinal) { return drifted.get(ordinal); }

  /// The generation that the plan saw.
  public long generation(int ordinal) { return generations[ordinal]; }
}
