package dev.sluice.agent;

import com.grack.nanojson.JsonObject;

/// All that an agent must remember of a module.
///
/// @param instance    whom the instruction was told; empty where it is [Instruction#NONE], and in records of older agents
/// @param instruction the newest that was taken up
/// @param step        how far it has come
/// @param live        the release whose apply command succeeded last
/// @param previous    the one before, kept for the way back
/// @param state       what is reported
/// @param detail      why; may be empty
record ModuleRecord(String instance, Instruction instruction, Step step, Release live, Release previous, ModuleState state, String detail) {
  static final ModuleRecord NEW = new ModuleRecord("", Instruction.NONE, Step.DONE, Release.NONE, Release.NONE, ModuleState.APPLYING, "");

  ModuleRecord at(Step next) { return new ModuleRecord(instance, instruction, next, live, previous, state, detail); }

  /// Between a switch and the end of its apply command nobody knows what runs: nothing is taken for live, and all is applied anew.
  ModuleRecord receiving(String told, Instruction newest) {
    boolean unknown = step == Step.SWITCHED || step == Step.RESTORING;
    return new ModuleRecord(told, newest, Step.RECEIVED, unknown ? Release.NONE : live, unknown && live.exists() ? live : previous,
        ModuleState.APPLYING, "");
  }

  /// The same host under another identity, whose generations begin anew. What runs goes on; a switch that was not ended is taken back.
  ModuleRecord disowned() {
    boolean unknown = step == Step.SWITCHED || step == Step.RESTORING;
    return new ModuleRecord("", Instruction.NONE, unknown ? Step.RESTORING : Step.DONE, live, previous, ModuleState.APPLYING, "");
  }

  /// Whether the instruction was told to another.
  ///
  /// @param id empty where the agent is yet to be enrolled: then whoever it was is no more
  boolean isOfAnother(String id) {
    boolean own = instance.isEmpty() ? !id.isEmpty() : instance.equals(id);
    return instruction.generation() > 0 && !own;
  }

  /// Whether an older agent wrote it, which did not say whom it was told.
  boolean isOfNobody() { return instruction.generation() > 0 && instance.isEmpty(); }

  ModuleRecord told(String id) { return new ModuleRecord(id, instruction, step, live, previous, state, detail); }

  /// The instruction's release was applied. What was live before becomes the way back.
  ModuleRecord applied() {
    Release release = instruction.release();
    return new ModuleRecord(instance, instruction, Step.APPLIED, release, wayBack(), state, "");
  }

  /// The release before was put back and applied.
  ModuleRecord restored(Release back) {
    return new ModuleRecord(instance, instruction, Step.CHECKED, back, unless(back, previous), ModuleState.APPLY_FAILED, detail);
  }

  /// Nothing could be put back: nothing is known to run. What ran stays on disk as the way back of the next try.
  ModuleRecord stranded(String why) {
    Release kept = live.exists() ? live : previous;
    return new ModuleRecord(instance, instruction, Step.CHECKED, Release.NONE, kept, ModuleState.APPLY_FAILED, why);
  }

  ModuleRecord saying(ModuleState newState, String newDetail) {
    return new ModuleRecord(instance, instruction, step, live, previous, newState, newDetail);
  }

  /// What goes back when the instruction's apply command fails: the release that ran, or the one before where that is the same.
  Release wayBack() {
    Release release = instruction.release();
    return live.exists() && !live.digest().equals(release.digest()) ? live : unless(release, previous);
  }

  JsonObject json() {
    var json = new JsonObject();
    json.put("instance", instance);
    json.put("instruction", instruction.json());
    json.put("step", step.name());
    json.put("live", json(live));
    json.put("previous", json(previous));
    json.put("state", state.name());
    json.put("detail", detail);
    return json;
  }

  static ModuleRecord of(JsonObject json) {
    JsonObject told = json.getObject("instruction");
    Instruction instruction = told.getLong("generation") == 0 ? Instruction.NONE : Instruction.of(told);
    return new ModuleRecord(json.getString("instance", ""), instruction, Step.valueOf(json.getString("step")),
        release(json.getObject("live")),
        release(json.getObject("previous")), ModuleState.valueOf(json.getString("state")), json.getString("detail"));
  }

  private static Release unless(Release other, Release release) {
    return release.digest().equals(other.digest()) ? Release.NONE : release;
  }

  private static JsonObject json(Release release) {
    var json = new JsonObject();
    json.put("digest", release.digest());
    json.put("version", release.version());
    return json;
  }

  private static Release release(JsonObject json) { return new Release(json.getString("digest"), json.getString("version")); }
}
