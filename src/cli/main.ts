// The command: its sub-commands, and how a failure ends it.
import { Command, CommanderError } from 'commander';
import type { Network } from '../client/network.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import { VERSION } from '../lib/version.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { withNetwork } from './networks.ts';
import { print, say, style } from './terminal.ts';

/** Each command is loaded when it is used: a search need not wait for a registry's parts. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  registry: async () => (await import('./registry.ts')).registryCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  share: async () => (await import('./share.ts')).shareCommand(),
  search: async () => (await import('./search.ts')).searchCommand(),
  get: async () => (await import('./get.ts')).getCommand(),
  join: async () => (await import('./join.ts')).joinCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  leave: async () => (await import('./leave.ts')).leaveCommand(),
  networks: async () => (await import('./joined.ts')).networksCommand(),
  peers: async () => (await import('./peers.ts')).peersCommand(),
  remove: async () => (await import('./remove.ts')).removeCommand(),
  removed: async () => (await import('./removed.ts')).removedCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
};

async function createProgram(first: string | undefined): Promise<Command> {
  const program = withNetwork(new Command('sp2p'))
    .description('Share a folder with a group, find any file in it, get it from whoever holds it.')
    .version(VERSION)
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nEvery flag has an environment variable: --log-level is SP2P_LOG_LEVEL.',
    )
    .allowExcessArguments()
    .action(async ({ network }: { network: Network }) => {
      const [unknown] = program.args;
      if (unknown !== undefined) program.error(`error: unknown command "${printable(unknown)}"`);
      if (process.stdin.isTTY && process.stdout.isTTY)
        await (await import('./interactive.ts')).interactive(network);
      else print(program.helpInformation().trimEnd());
    });
  for (const load of needed(first)) program.addCommand(await load());
  // A registry that is named before the command is meant for the command.
  program.hook('preSubcommand', (_program, command) => {
    for (const name of ['registry', 'networks'])
      if (program.getOptionValueSource(name) === 'cli')
        command.setOptionValueWithSource(name, program.opts()[name], 'cli');
  });
  // A failure of usage is thrown to be turned into its exit code below, not an exit from within.
  for (const command of [program, ...program.commands])
    command.exitOverride().showHelpAfterError('(--help tells more)');
  return program;
}

function needed(first: string | undefined): (() => Promise<Command>)[] {
  if (first === '--version' || first === '-V') return [];
  const only = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return only ? [only] : Object.values(COMMANDS);
}

/** Runs the command line and ends the process with its exit code. */
export async function main(argv: string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    const code = error.code === 'ENOSPC' ? 'disk-full' : 'cannot-write';
    process.exit(failed(new CodedError(code, `stdout cannot be written: ${error.message}.`)));
  });
  process.exitCode = await exitCodeOfRun(argv);
  process.stdout.write('', (error) => {
    if (!error) process.exit();
  });
}

async function exitCodeOfRun(argv: string[]): Promise<number> {
  try {
    await (await createProgram(argv[2])).parseAsync(argv);
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return failed(error);
  }
}

/** Says what failed, and answers the exit code. */
function failed(error: unknown): number {
  const text =
    error instanceof CodedError
      ? `${printable(error.message)} [${error.code}]`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  say(`${style('red', 'sp2p:')} ${text}`);
  return exitCodeOf(error);
}
