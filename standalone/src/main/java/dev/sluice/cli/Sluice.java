package dev.sluice.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/// The command line: starts Sluice, and asks and tells a running one. What each failure's exit code is, is written in [Failure].
@Command(name = "sluice", mixinStandardHelpOptions = true, versionProvider = Sluice.Version.class, synopsisSubcommandLabel = "COMMAND", description = "Upgrades a module across a fleet in approved, health-gated batches.", commandListHeading = "%nCommands:%n", footerHeading = "%nExit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable, 4 the rollout ended other than asked (--wait).%n", footer = "A rollout is named by its id or by the word latest. Start with: ${COMMAND-FULL-NAME} demo")
public final class Sluice {
  private static final int WIDTH = 110;
  private static final Map<String, Class<?>> COMMANDS = commands(Demo.class, Up.class, Run.class, AgentCommand.class, FleetCommand.class,
      BenchCommand.class, Modules.class, Templates.class, Instances.class, Plan.class, Edit.class, Approve.class, Reject.class,
      Decide.class,
      Rollouts.class, Watch.class, Events.class, Drift.class, Diagnose.class, CheckCommand.class, Steer.Pause.class, Steer.Resume.class,
      Steer.Abort.class,
      Steer.Rollback.class, Policies.class, Learnings.class, Reconciler.class, HelpCommand.class);
  private final Screen.Terminal terminal;

  /// The version of this build.
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Sluice.class.getPackage().getImplementationVersion();
      return new String[]{"sluice " + (version == null ? "(development)" : version) + " on JDK " + Runtime.version()};
    }
  }

  Sluice(Screen.Terminal terminal) { this.terminal = terminal; }

  /// Numbers that programs read are written with the digits that they read, whatever the language of the machine.
  public static void main(String... arguments) {
    Locale.setDefault(Locale.ROOT);
    System.exit(line(Screen.Terminal.ofProcess(), arguments).execute(arguments));
  }

  /// The command line, ready to execute; it writes to the standard streams unless told otherwise.
  ///
  /// @param arguments what will be executed: where they begin with a command, the line has no other, which halves the time to start
  static CommandLine line(Screen.Terminal terminal, String... arguments) {
    var line = new CommandLine(new Sluice(terminal)).setCommandName(self());
    var only = arguments.length == 0 || arguments[0].equals("help") ? null : COMMANDS.get(arguments[0]);
    if (only != null) line.addSubcommand(only);
    else
      COMMANDS.values().forEach(line::addSubcommand);
    line.getSubcommands().values().forEach(Sluice::arrange);
    if (line.getSubcommands().containsKey("bench")) line.getSubcommands().get("bench").setUnmatchedOptionsArePositionalParams(true);
    var ansi = terminal.colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF;
    return line.setUsageHelpWidth(WIDTH).setColorScheme(CommandLine.Help.defaultColorScheme(ansi))
        .setOut(Output.standard()).setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
        .setExecutionStrategy(parsed -> ended(new RunLast().execute(parsed), screen(parsed.commandSpec().commandLine())))
        .setParameterExceptionHandler((exception, _) -> misused(exception))
        .setExecutionExceptionHandler((exception, command, _) -> failed(exception, screen(command)));
  }

  /// Commands by their names, in the order of the help.
  private static Map<String, Class<?>> commands(Class<?>... classes) {
    var commands = new LinkedHashMap<String, Class<?>>();
    for (var type : classes)
      commands.put(type.getAnnotation(Command.class).name(), type);
    return commands;
  }

  /// Every command has its help; options are shown in the order of their importance.
  private static void arrange(CommandLine line) {
    var spec = line.getCommandSpec();
    spec.usageMessage().sortOptions(false);
    if (spec.name().equals("edit")) Edit.sayNoDefaults(spec);
    if (spec.findOption("--help") == null)
      spec.addOption(OptionSpec.builder("-h", "--help").usageHelp(true).order(200).description("show this help").build());
    line.getSubcommands().values().forEach(Sluice::arrange);
  }

  /// What a person types to start this program again.
  static String self() { return quoted(System.getProperty("sluice.command", "./sluice")); }

  /// A word as a shell reads it as one.
  static String quoted(String word) {
    return word.matches("[A-Za-z0-9_./:=@%+,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /// The screen of a command of the line.
  static Screen screen(CommandLine command) {
    var root = command;
    while (root.getParent() != null)
      root = root.getParent();
    return new Screen(command.getOut(), command.getErr(), ((Sluice) root.getCommand()).terminal);
  }

  /// Done is only what could be written too: the token of an instance is not shown again.
  private static int ended(int code, Screen screen) {
    if (code != Failure.DONE) return code;
    try {
      screen.check();
      return code;
    } catch (Failure lost) {
      return failed(lost, screen);
    }
  }

  private static int misused(ParameterException exception) {
    var command = exception.getCommandLine();
    var screen = screen(command);
    screen.note(screen.red("sluice: ") + said(exception));
    if (exception instanceof UnmatchedArgumentException unmatched) UnmatchedArgumentException.printSuggestions(unmatched, command.getErr());
    screen.note("see: " + command.getCommandSpec().qualifiedName() + " --help");
    return Failure.USAGE;
  }

  /// What is wrong of a pair is only that it is none, and the parser says that in a roundabout way.
  private static String said(ParameterException exception) {
    var argument = exception.getArgSpec();
    if (argument == null || !argument.typeInfo().isMap() || exception.getValue() == null) return exception.getMessage();
    return (argument instanceof OptionSpec option ? option.longestName() : "an argument") + " must be " + argument.paramLabel() + ", not "
        + exception.getValue();
  }

  private static int failed(Exception exception, Screen screen) {
    if (Ending.begun()) return Ending.CODE;
    if (exception instanceof Failure.Unread unread) return unread.exitCode();
    var said = switch (exception) {
      case Failure failure -> failure.getMessage();
      case CannotStart reason -> reason.getMessage();
      default -> "this is a fault of Sluice itself, please report it: " + exception;
    };
    screen.note(screen.red("sluice: ") + said);
    return exception instanceof Failure failure ? failure.exitCode() : Failure.REFUSED;
  }
}
