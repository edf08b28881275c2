// Commands to copy, so that a shell takes a stranger's name for one word and nothing else.

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** By root alone: it says which bytes are meant, and a name could deceive. */
export function getCommand(root: string, registry: string): string {
  return `sp2p get --root ${root} --registry ${shellWord(registry)}`;
}

/** For a name without a known root, which is told apart from an option by `--`. */
export function getByNameCommand(name: string, registry: string): string {
  return `sp2p get --registry ${shellWord(registry)} -- ${shellWord(name)}`;
}

export function shareCommand(registry: string): string {
  return `sp2p share FOLDER --registry ${shellWord(registry)}`;
}
