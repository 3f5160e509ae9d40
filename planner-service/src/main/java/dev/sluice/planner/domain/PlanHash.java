package dev.sluice.planner.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.VersionRef;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// SHA-256 over a plan's inputs and members in plan order: two plans with one hash do the same to the same instances.
///
/// Canonical form, UTF-8: a line `name=value` for each input in the order of [PlanInputs], where null is written as nothing; then for each member a line of id,
/// id of the version that it would go back to, generation and `drifted` or nothing, separated by tabs. Ids hold neither tab nor line end.
public final class PlanHash {
  private final MessageDigest digest;
  private final StringBuilder line = new StringBuilder();

  private PlanHash() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// @param origins what the members' `origin` points into
  /// @return `sha256:` and 64 hex digits
  public static String of(PlanInputs inputs, List<VersionRef> origins, List<PlanMember> members) {
    var hash = new PlanHash();
    hash.inputs(inputs);
    for (var member : members)
      hash.line(member.instanceId().value() + '\t' + origins.get(member.origin()).id().value() + '\t' + member.generation()
          + (member.wasDrifted() ? "\tdrifted" : "\t"));
    hash.flush();
    return "sha256:" + HexFormat.of().formatHex(hash.digest.digest());
  }

  private void inputs(PlanInputs in) {
    input("template_id", in.templateId());
    input("module_id", in.moduleId());
    input("target_version_id", in.targetVersionId());
    input("batch_pct", in.batchPct());
    input("max_batch_size", in.maxBatchSize());
    input("max_consecutive_failures", in.maxConsecutiveFailures());
    input("max_failed_pct", in.maxFailedPct());
    input("health_timeout_sec", in.healthTimeoutSec());
    input("min_healthy_sec", in.minHealthySec());
    input("canary_size", in.canarySize());
    input("max_in_flight", in.maxInFlight());
    input("count_absent", in.countAbsent());
    input("order_by_label", in.orderByLabel());
  }

  private void input(String name, Object value) { line(name + '=' + (value == null ? "" : value)); }

  private void line(String text) {
    line.append(text).append('\n');
    if (line.length() > 8_192) flush();
  }

  private void flush() {
    digest.update(line.toString().getBytes(StandardCharsets.UTF_8));
    line.setLength(0);
  }
}
