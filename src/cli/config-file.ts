// Flags in a file: JSON whose members are a command's flags in camelCase. A flag on the command line
// goes before the environment, the environment before the file, the file before the default.
import type { Command } from 'commander';
import { InvalidArgumentError, type Option } from 'commander';
import { readFileSync, statSync } from 'node:fs';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import { option } from './options.ts';

const FLAG = 'config';
/** No file of flags is larger; what is there is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Gives a command the flag `--config FILE`. Add it after all the others. */
export function withConfigFile(command: Command): Command {
  return command
    .addOption(option(`--${FLAG} <file>`, 'JSON with flags in camelCase: { "logLevel": "info" }'))
    .hook('preAction', (_command, called) => {
      const file = called.opts<{ [FLAG]?: string }>()[FLAG];
      if (file === undefined) return;
      for (const [name, written] of Object.entries(flagsIn(file)))
        setFlag(called, file, name, written);
    });
}

/** @throws CodedError `bad-usage` */
function flagsIn(file: string): object {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) throw wrong(file, `it is larger than ${MAX_FILE_BYTES} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw wrong(file, `it cannot be read: ${(cause as NodeJS.ErrnoException).code ?? ''}`, cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(file, 'it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(file, 'it is not an object of flags');
  return value;
}

/** A wrong value is told even where the command line or the environment goes before it. */
function setFlag(command: Command, file: string, name: string, written: unknown): void {
  const known = command.options.find((each) => each.attributeName() === name);
  if (!known || name === FLAG)
    throw wrong(file, `"${printable(name)}" is no flag of "sp2p ${command.name()}"`);
  const value = valueOf(known, written, file, name);
  const source = command.getOptionValueSource(name);
  if (source === undefined || source === 'default')
    command.setOptionValueWithSource(name, value, 'config');
}

/** What the flag makes of it. */
function valueOf(flag: Option, written: unknown, file: string, name: string): unknown {
  if (flag.isBoolean()) {
    if (typeof written === 'boolean') return written;
    throw wrong(file, `"${name}" is true or false`);
  }
  const words = flag.variadic && Array.isArray(written) ? (written as unknown[]) : [written];
  let value: unknown;
  for (const word of words) {
    if (typeof word !== 'string' && typeof word !== 'number')
      throw wrong(
        file,
        `"${name}" is a text or a number${flag.variadic ? ', or a list of them' : ''}`,
      );
    try {
      value = flag.parseArg ? flag.parseArg(String(word), value) : String(word);
    } catch (cause) {
      if (!(cause instanceof InvalidArgumentError) && !(cause instanceof CodedError)) throw cause;
      throw wrong(file, `"${name}": ${cause.message.replace(/\.$/, '')}`, cause);
    }
  }
  return value;
}

function wrong(file: string, what: string, cause?: unknown): CodedError {
  return new CodedError('bad-usage', `${file}: ${what}.`, { cause });
}
