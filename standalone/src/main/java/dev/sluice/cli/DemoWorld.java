package dev.sluice.cli;

import java.net.URI;

/// All of Sluice, running in this process. Closing it ends every thread and process that it started; closing twice is nothing, but
/// the second caller waits for the first. Any thread may call.
public interface DemoWorld extends AutoCloseable {
  /// The one address for people and programs, for example `http://127.0.0.1:8080`.
  URI gateway();

  /// The bearer token for scripts.
  String token();

  /// Starts real agents, each with a folder of its own, that enrol under the template and run what they are told. An agent has no apply command; its
  /// health command is `bin/health` in the release's folder. Labels: `zone` one of `a`, `b`, `c`. Returns when the agents are started, not when they have enrolled.
  /// They end with the world.
  ///
  /// @param instances at least 1; ids are `<template>-001` and so on
  void startFleet(int instances, String templateId, String moduleId);

  @Override
  void close();
}
