package dev.sluice.planner.domain;

import dev.sluice.contract.Digest;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What the tests of the study begin with.
final class Given {
  static final VersionRef OLD = version("1.24.0", 'a');
  static final VersionRef NEW = version("1.26.0", 'b');
  static final PolicyView ASK = new PolicyView(Policy.REQUIRE_APPROVAL, 1, false, 14_400, 86_400, "default");

  private Given() {}

  static VersionRef version(String name, char digit) {
    return new VersionRef(new VersionId("nginx-" + name), name, new Digest("sha256:" + String.valueOf(digit).repeat(64)), null);
  }

  /// The inputs of a plan: the three ids and these names and values.
  static Map<String, Object> given(Object... more) {
    var all = new HashMap<String, Object>(Map.of("template_id", "web", "module_id", "nginx", "target_version_id", NEW.id().value()));
    for (int i = 0; i < more.length; i += 2)
      all.put((String) more[i], more[i + 1]);
    return all;
  }

  static Candidate candidate(String id, String label) { return new Candidate(new InstanceId(id), label, OLD, 1, false); }

  /// Instances i00000.. in zones that take turns.
  static List<Candidate> fleet(int n, String... zones) {
    var all = new ArrayList<Candidate>();
    for (int i = 0; i < n; i++)
      all.add(candidate("i" + Integer.toString(10_000_000 + i).substring(1), zones[i % zones.length]));
    return all;
  }

  static Basis basis(Object... inputs) { return revision(1, inputs); }

  static Basis revision(int revision, Object... inputs) {
    return new Basis(new RolloutId("r1"), revision, InputRules.inputs(given(inputs)), NEW, OLD, ASK, false, "ann", Instant.EPOCH, 30);
  }

  static List<String> ids(List<Candidate> candidates) { return candidates.stream().map(c -> c.instanceId().value()).toList(); }
}
