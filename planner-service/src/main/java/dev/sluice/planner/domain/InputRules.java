package dev.sluice.planner.domain;

import dev.sluice.contract.Fault;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.VersionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What a plan's inputs must be: strict types, ranges, defaults. All faults are found at once, each with what was given. `behaviour.md`, Planning.
///
/// The service's OpenAPI document says the same to callers; this is the rule for those that come another way (edits, by way of the approval-service).
public final class InputRules {
  /// What can be wrong with a value; null where nothing is.
  private interface Shape {
    String fault(Object given);
  }

  /// @param initial  the value where none is given; null: none
  /// @param editable whether an edit may change it
  private record Rule(String name, Shape shape, Object initial, boolean required, boolean editable) {}

  private static final int NO_LIMIT = Integer.MAX_VALUE;
  private static final int DAY = 86_400;
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
  private static final Pattern READABLE = Pattern.compile("[^\\s\\p{Z}\\p{C}]");

  private static final List<Rule> RULES = List.of(
      new Rule("template_id", id(), null, true, false),
      new Rule("module_id", id(), null, true, false),
      new Rule("target_version_id", id(), null, true, false),
      new Rule("batch_pct", number(1, 100), 20, false, true),
      new Rule("max_batch_size", number(1, NO_LIMIT), null, false, true),
      new Rule("max_consecutive_failures", number(1, NO_LIMIT), 2, false, true),
      new Rule("max_failed_pct", number(1, 100), 20, false, true),
      new Rule("health_timeout_sec", number(1, DAY), 300, false, true),
      new Rule("min_healthy_sec", number(0, DAY), 0, false, true),
      new Rule("canary_size", number(0, NO_LIMIT), 0, false, true),
      new Rule("max_in_flight", number(1, NO_LIMIT), null, false, true),
      new Rule("count_absent", flag(), true, false, true),
      new Rule("order_by_label", text(), "zone", false, true),
      new Rule("dry_run", flag(), false, false, false));

  private InputRules() {}

  /// What is wrong with the inputs of a new plan; empty if they fit.
  public static List<Fault> faults(Map<String, Object> given) {
    var faults = new ArrayList<Fault>();
    for (var rule : RULES) {
      if (given.containsKey(rule.name())) check(rule, given.get(rule.name()), faults);
      else if (rule.required()) faults.add(new Fault(rule.name(), "is required: it must be an id", null));
    }
    unknown(given, faults);
    return faults;
  }

  /// What is wrong with the changes of an edit; empty if they fit. Template, module, target and `dry_run` stay as they are.
  public static List<Fault> editFaults(Map<String, Object> changes) {
    var faults = new ArrayList<Fault>();
    for (var rule : RULES) {
      if (!changes.containsKey(rule.name())) continue;
      if (rule.editable()) check(rule, changes.get(rule.name()), faults);
      else
        faults.add(new Fault(rule.name(), "cannot be changed by an edit; make a new plan", changes.get(rule.name())));
    }
    unknown(changes, faults);
    return faults;
  }

  /// Inputs without faults, with every default filled in.
  public static PlanInputs inputs(Map<String, Object> given) {
    var all = new HashMap<String, Object>();
    for (var rule : RULES)
      all.put(rule.name(), given.getOrDefault(rule.name(), rule.initial()));
    return read(all);
  }

  /// The inputs after an edit without faults.
  public static PlanInputs edited(PlanInputs before, Map<String, Object> changes) {
    var all = new HashMap<>(written(before));
    all.putAll(changes);
    return read(all);
  }

  public static boolean dryRun(Map<String, Object> given) { return Boolean.TRUE.equals(given.get("dry_run")); }

  private static Map<String, Object> written(PlanInputs in) {
    var all = new HashMap<String, Object>();
    all.put("template_id", in.templateId().value());
    all.put("module_id", in.moduleId().value());
    all.put("target_version_id", in.targetVersionId().value());
    all.put("batch_pct", in.batchPct());
    all.put("max_batch_size", in.maxBatchSize());
    all.put("max_consecutive_failures", in.maxConsecutiveFailures());
    all.put("max_failed_pct", in.maxFailedPct());
    all.put("health_timeout_sec", in.healthTimeoutSec());
    all.put("min_healthy_sec", in.minHealthySec());
    all.put("canary_size", in.canarySize());
    all.put("max_in_flight", in.maxInFlight());
    all.put("count_absent", in.countAbsent());
    all.put("order_by_label", in.orderByLabel());
    return all;
  }

  private static PlanInputs read(Map<String, Object> all) {
    return new PlanInputs(new TemplateId((String) all.get("template_id")), new ModuleId((String) all.get("module_id")),
        new VersionId((String) all.get("target_version_id")), whole(all, "batch_pct"), whole(all, "max_batch_size"),
        whole(all, "max_consecutive_failures"), whole(all, "max_failed_pct"), whole(all, "health_timeout_sec"),
        whole(all, "min_healthy_sec"), whole(all, "canary_size"), whole(all, "max_in_flight"), (Boolean) all.get("count_absent"),
        (String) all.get("order_by_label"));
  }

  private static Integer whole(Map<String, Object> all, String name) {
    return all.get(name) == null ? null : Integer.valueOf(((Number) all.get(name)).intValue());
  }

  private static void check(Rule rule, Object given, List<Fault> faults) {
    var fault = rule.shape().fault(given);
    if (fault != null) faults.add(new Fault(rule.name(), fault, given));
  }

  private static void unknown(Map<String, Object> given, List<Fault> faults) {
    for (var name : given.keySet())
      if (RULES.stream().noneMatch(r -> r.name().equals(name))) faults.add(new Fault(name, "is not a field here", given.get(name)));
  }

  private static Shape number(int min, int max) {
    return given -> (given instanceof Integer || given instanceof Long) && ((Number) given).longValue() >= min
        && ((Number) given).longValue() <= max ? null : "must be an integer from " + min + " to " + max;
  }

  private static Shape flag() { return given -> given instanceof Boolean ? null : "must be a boolean"; }

  private static Shape id() {
    return given -> given instanceof String s && ID.matcher(s).matches() ? null : "must be an id of 1 to 128 characters of A-Za-z0-9._:-";
  }

  private static Shape text() {
    return given -> given instanceof String s && s.length() <= 128 && s.indexOf('\0') < 0 && READABLE.matcher(s).find()
        ? null
        : "must be a string of 1 to 128 characters that is not blank and holds no U+0000";
  }
}
