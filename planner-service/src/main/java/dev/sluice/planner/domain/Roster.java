package dev.sluice.planner.domain;

import dev.sluice.contract.Ask.FleetMember;
import dev.sluice.contract.VersionRef;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// The instances of a template, sorted into eligible and excluded while the pages of the fleet come in. One thread at a time.
public final class Roster {
  private final VersionRef target;
  private final List<Candidate> eligible = new ArrayList<>();
  private final List<Exclusion> excluded = new ArrayList<>();
  private final Map<Exclusion.Reason, Integer> counts = new EnumMap<>(Exclusion.Reason.class);

  public Roster(VersionRef target) {
    this.target = target;
  }

  public void add(FleetMember member) {
    var reason = Eligibility.exclusion(member, target);
    if (reason.isPresent()) {
      excluded.add(new Exclusion(member.instanceId(), reason.get()));
      counts.merge(reason.get(), 1, Integer::sum);
    } else {
      eligible.add(
          new Candidate(member.instanceId(), member.label(), member.desired(), member.generation(), Eligibility.drifted(member)));
    }
  }

  /// In the order of the pages.
  public List<Candidate> eligible() { return eligible; }

  /// In order of id.
  public List<Exclusion> excluded() {
    excluded.sort(Comparator.comparing(e -> e.instanceId().value()));
    return excluded;
  }

  /// How many are excluded for each reason that occurs, in the order of the reasons.
  public Map<Exclusion.Reason, Integer> counts() { return counts; }
}
