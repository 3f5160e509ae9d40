package dev.sluice.agent;

import dev.sluice.agent.AgentConfig.ModuleConfig;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// What follows each [Step] of an upgrade: a function from the record to the next one, with its effect on the disk. Each may be done
/// twice, because the record is saved after the effect. An IOException means: try this step again later.
final class Upgrade {
  private final String module;
  private final ModuleConfig config;
  private final AgentConfig.Limits limits;
  private final Releases releases;
  private final Commands commands;
  private final Download download;
  private final Path archives;

  /// @param archives the folder for archives on their way; none but this module's are in it
  Upgrade(String module, AgentConfig agent, Commands commands, Download download, Path archives) {
    this.module = module;
    this.config = agent.modules().get(module);
    this.limits = agent.limits();
    this.releases = new Releases(config.dir());
    this.commands = commands;
    this.download = download;
    this.archives = archives;
  }

  Releases releases() { return releases; }

  /// Does what comes next.
  ///
  /// @param superseded whether a newer instruction waits; then a download ends early, and the record is returned as it was
  ModuleRecord next(ModuleRecord record, BooleanSupplier superseded) throws IOException, InterruptedException {
    try {
      return switch (record.step()) {
        case RECEIVED -> locate(record);
        case DOWNLOADING -> fetch(record, superseded);
        case DOWNLOADED -> unpack(record);
        case UNPACKED -> switchOver(record);
        case SWITCHED -> apply(record);
        case APPLIED -> check(record);
        case RESTORING -> restore(record);
        case CHECKED -> prune(record);
        case DONE -> record;
      };
    } catch (Refused refused) {
      Files.deleteIfExists(archive(record.instruction()));
      return failed(record, "archive refused: " + refused.getMessage());
    }
  }

  /// The upgrade cannot be done. Nothing was switched by it; what one before it has left switched is put back.
  ModuleRecord failed(ModuleRecord record, String why) {
    String detail = Commands.clip(why);
    if (!record.live().exists() && record.wayBack().exists())
      return record.saying(ModuleState.APPLYING, detail).at(Step.RESTORING);
    return record.saying(ModuleState.APPLY_FAILED, detail).at(Step.CHECKED);
  }

  /// Makes room for an instruction: archives of others go. One of them may have filled the disk, and then nothing could be taken up.
  void clearFor(Instruction next) throws IOException {
    if (!Files.isDirectory(archives)) return;
    try (DirectoryStream<Path> others = Files.newDirectoryStream(archives, path -> !path.equals(archive(next)))) {
      Durable.deleteAll(others);
    }
  }

  /// Runs the health command of a release.
  Commands.Outcome health(Release release) throws IOException, InterruptedException {
    return run(config.health(), release, config.healthTimeout(), false);
  }

  /// What runs already, is as it was unpacked and healthy, is not applied again.
  private ModuleRecord locate(ModuleRecord record) throws IOException, InterruptedException {
    Release release = record.instruction().release();
    if (record.live().digest().equals(release.digest()) && releases.isCurrent(release) && releases.fault(release).isEmpty()) {
      Commands.Outcome outcome = health(release);
      if (outcome.ok()) return record.saying(ModuleState.HEALTHY, outcome.detail()).at(Step.CHECKED);
    }
    return record.at(releases.has(release) ? Step.UNPACKED : Step.DOWNLOADING);
  }

  private ModuleRecord fetch(ModuleRecord record, BooleanSupplier superseded) throws IOException, InterruptedException, Refused {
    Files.createDirectories(archives);
    boolean here = download.fetch(record.instruction(), archive(record.instruction()), superseded);
    return here ? record.at(Step.DOWNLOADED) : record;
  }

  private ModuleRecord unpack(ModuleRecord record) throws IOException, Refused {
    if (!Files.exists(archive(record.instruction()))) return record.at(Step.DOWNLOADING);
    releases.unpack(record.instruction().release(), archive(record.instruction()), limits);
    return record.at(Step.UNPACKED);
  }

  /// A release that was kept, or unpacked before the power went, may have been damaged since: then it is fetched anew.
  private ModuleRecord switchOver(ModuleRecord record) throws IOException {
    Release release = record.instruction().release();
    if (releases.fault(release).isPresent()) return record.at(Step.DOWNLOADING);
    releases.switchTo(release);
    return record.at(Step.SWITCHED);
  }

  private ModuleRecord apply(ModuleRecord record) throws IOException, InterruptedException {
    // what it has started must not run beside the release that goes back
    Commands.Outcome outcome = run(config.apply(), record.instruction().release(), config.applyTimeout(), true);
    if (outcome.ok()) return record.applied();
    return record.saying(ModuleState.APPLYING, Commands.clip("apply: " + outcome.detail())).at(Step.RESTORING);
  }

  private ModuleRecord check(ModuleRecord record) throws IOException, InterruptedException {
    Optional<String> fault = releases.fault(record.live());
    if (fault.isPresent()) return record.saying(ModuleState.UNHEALTHY, "release " + fault.get()).at(Step.CHECKED);
    Commands.Outcome outcome = health(record.live());
    return record.saying(outcome.ok() ? ModuleState.HEALTHY : ModuleState.UNHEALTHY, outcome.detail()).at(Step.CHECKED);
  }

  private ModuleRecord restore(ModuleRecord record) throws IOException, InterruptedException {
    Release back = record.wayBack();
    if (!back.exists() && !record.live().exists()) releases.switchOff();
    if (!back.exists()) return record.stranded(record.detail());
    if (!releases.has(back)) return record.stranded(Commands.clip(record.detail() + "; the release before is gone"));
    releases.switchTo(back);
    Commands.Outcome outcome = run(config.apply(), back, config.applyTimeout(), false);
    if (outcome.ok()) return record.restored(back);
    return record.stranded(Commands.clip(record.detail() + "; putting " + back.version() + " back: " + outcome.detail()));
  }

  /// What cannot be deleted (a service may have added files that are another user's) is left for the next time: the upgrade is done all the same.
  private ModuleRecord prune(ModuleRecord record) throws IOException {
    Durable.delete(archives);
    try {
      if (record.live().exists()) releases.forgetBefore();
      releases.prune(record.live(), record.previous());
    } catch (IOException e) {
      var why = "what is old cannot be deleted: " + e;
      return record.saying(record.state(), Commands.clip(record.detail().isEmpty() ? why : record.detail() + "; " + why)).at(Step.DONE);
    }
    return record.at(Step.DONE);
  }

  private Path archive(Instruction instruction) { return archives.resolve(instruction.release().hex() + ".tar.gz"); }

  private Commands.Outcome run(List<String> command, Release release, Duration limit, boolean tidy)
      throws IOException, InterruptedException {
    Path folder = releases.path(release);
    return commands.run(command, folder,
        Map.of("SLUICE_RELEASE_DIR", folder.toString(), "SLUICE_CURRENT", releases.current().toString(), "SLUICE_MODULE", module,
            "SLUICE_VERSION", release.version(), "SLUICE_DIGEST", release.digest()),
        limit, tidy);
  }
}
