// Options that several commands share. Every flag has an environment variable, SP2P_ and its name.
import { InvalidArgumentError, Option } from 'commander';
import { LOG_LEVELS } from '../lib/log.ts';
import { parseAddress } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { parseRate, RATE_FORM } from './rates.ts';

/** An option with its environment variable: `--max-upload` is SP2P_MAX_UPLOAD. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(`SP2P_${(made.long ?? '').slice(2).replaceAll('-', '_').toUpperCase()}`);
}

export function registryOption(): Option {
  return option('--registry <url>', 'the registry; a path in it is the base of its contract')
    .default(undefined, 'that of the network joined last, else http://127.0.0.1:7770')
    .argParser(parseRegistryUrl);
}

export function portOption(port: number): Option {
  return option('--port <port>', 'the port to listen on; 0 takes a free one')
    .default(port)
    .argParser(wholeNumber(0, 65535));
}

export function jsonOption(): Option {
  return option('--json', 'answer in JSON');
}

export function logOption(): Option {
  return option('--log-level <level>', 'how much to log on stderr')
    .choices(LOG_LEVELS)
    .default('warn');
}

export function maxUploadOption(): Option {
  return rateOption('--max-upload <rate>', 'the most to send, in bytes a second: 500K, 2M');
}

export function maxDownloadOption(): Option {
  return rateOption('--max-download <rate>', 'the most to receive, in bytes a second: 500K, 2M');
}

export function limitsOption(): Option {
  return option('--limits <file>', 'JSON with maxUpload, maxDownload; read again when it changes');
}

export function advertiseOption(): Option {
  return option('--advertise <ip>', 'the address at which others reach this machine').argParser(
    (text: string) => {
      try {
        return parseAddress(text);
      } catch {
        throw new InvalidArgumentError('It is an IP address.');
      }
    },
  );
}

function rateOption(flags: string, description: string): Option {
  return option(flags, description).argParser((text: string) => {
    const rate = parseRate(text);
    if (rate === undefined) throw new InvalidArgumentError(RATE_FORM);
    return rate;
  });
}

export function parseRegistryUrl(text: string): URL {
  // Not told by commander, which would repeat it.
  if (/^sp2p:|[#@]/i.test(text))
    throw secretInArguments('--registry', 'names a registry by its address alone');
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('It is an http address, such as http://192.0.2.1:7770.');
  return url;
}

/** The arguments of a command can be read by everyone on the machine, and stay in the shell's history. */
export function secretInArguments(what: string, why: string): CodedError {
  return new CodedError(
    'bad-usage',
    `${what} ${why}: a secret never stands in a command, where others can read it. "sp2p join" asks for the link, or reads it from stdin.`,
  );
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    return value;
  };
}
