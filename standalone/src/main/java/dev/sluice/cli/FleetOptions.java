package dev.sluice.cli;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/// What a simulated fleet is made of.
///
/// @param server     the gateway
/// @param token      the bearer token that enrols
/// @param instances  how many; above 500 they only speak the protocol
/// @param templateId what they enrol under
/// @param moduleIds  what they run; at least one
/// @param folder     where the agents' folders are
/// @param seed       chooses who gets a fault, and when it flaps
/// @param silent     how many lose their connection
/// @param slow       how many take long to apply
/// @param flapping   how many lose and find their connection again and again
public record FleetOptions(URI server, String token, int instances, String templateId, List<String> moduleIds, Path folder, long seed,
    int silent,
    int slow,
    int flapping) {
  public FleetOptions {
    moduleIds = List.copyOf(moduleIds);
  }
}
