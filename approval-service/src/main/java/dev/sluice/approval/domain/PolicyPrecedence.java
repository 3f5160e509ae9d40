package dev.sluice.approval.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which intervention policy applies: the one narrowed to the template, else the action's own, else the default; `behaviour.md`, Approval.
public final class PolicyPrecedence {
  /// The action categories that policies can be set for.
  public static final List<String> ACTIONS = List.of(PolicyView.ROLLING_UPGRADE);
  public static final String TEMPLATE = "template";
  public static final String ACTION = "action";
  public static final String DEFAULT = "default";
  /// The life of a plan's request in seconds, where no policy says otherwise: 4 hours.
  static final long PLAN_LIFE_SEC = 4 * 3600;
  /// The life of a continuation's request in seconds, where no policy says otherwise: 24 hours.
  static final long CONTINUATION_LIFE_SEC = 24 * 3600;

  /// One place where a policy can stand.
  ///
  /// @param source `template`, `action` or `default`
  /// @param policy what stands there; null if nothing
  /// @param why    why it applies, or why not
  public record Considered(String source, PolicyView policy, boolean applies, String why) {}

  private PolicyPrecedence() {}

  /// What holds where nothing is set: a person is asked.
  public static PolicyView byDefault() { return policy(Policy.REQUIRE_APPROVAL, 1, false, null, DEFAULT); }

  /// A policy with its defaults filled in.
  ///
  /// @param expiresAfterSec the life of each request made under it, plan or continuation, in seconds; null: the defaults
  public static PolicyView policy(Policy policy, int requiredApprovals, boolean separationOfDuties, Long expiresAfterSec, String source) {
    return new PolicyView(policy, requiredApprovals, separationOfDuties, expiresAfterSec == null ? PLAN_LIFE_SEC : expiresAfterSec,
        expiresAfterSec == null ? CONTINUATION_LIFE_SEC : expiresAfterSec, source);
  }

  /// What is wrong with the name of an action; empty if it is one of [#ACTIONS].
  public static Optional<Problem> unknown(String action) {
    if (ACTIONS.contains(action)) return Optional.empty();
    return Optional.of(Problem.notFound("there is no action category " + action + "; there is " + String.join(", ", ACTIONS), List.of(),
        Map.of("actions", ACTIONS)));
  }

  public static PolicyView applying(Optional<PolicyView> narrowed, Optional<PolicyView> action) {
    return narrowed.or(() -> action).orElseGet(PolicyPrecedence::byDefault);
  }

  /// The places in order of precedence, each with its reason; exactly one applies.
  public static List<Considered> considered(Optional<PolicyView> narrowed, Optional<PolicyView> action) {
    var all = new ArrayList<Considered>();
    all.add(considered(TEMPLATE, narrowed, false, "no policy is narrowed to the template"));
    all.add(considered(ACTION, action, narrowed.isPresent(), "no policy is set for the action"));
    all.add(considered(DEFAULT, Optional.of(byDefault()), narrowed.or(() -> action).isPresent(), ""));
    return List.copyOf(all);
  }

  private static Considered considered(String source, Optional<PolicyView> policy, boolean overruled, String absent) {
    if (policy.isEmpty()) return new Considered(source, null, false, absent);
    var word = Words.of(policy.get().policy());
    return overruled
        ? new Considered(source, policy.get(), false, word + " stands here, but a narrower policy wins")
        : new Considered(source, policy.get(), true, word + " stands here, and nothing narrower is set");
  }
}
