// Paths of the machine that the peer runs on, as they are typed: with `/`, or on Windows with `\`. Pure.

/** What is typed, in two: the folder to look into, with its separator, and how the next one begins. */
export function typedPath(text: string): { folder: string; begun: string } {
  const at = Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1;
  return { folder: text.slice(0, at), begun: text.slice(at) };
}

function separatorOf(path: string): string {
  return path.includes('\\') && !path.includes('/') ? '\\' : '/';
}

/** A folder's path, with the separator at its end. */
export function asFolder(path: string): string {
  const separator = separatorOf(path);
  return path.endsWith(separator) ? path : path + separator;
}

/** A folder's path without the separator at its end; a root keeps it. */
export function withoutEnd(path: string): string {
  const bare = path.replace(/[/\\]+$/, '');
  return bare === '' || /^[A-Za-z]:$/.test(bare) ? path : bare;
}

/** The last part of a path: what the folder is called. */
export function folderName(path: string): string {
  const bare = withoutEnd(path);
  return bare.slice(typedPath(bare).folder.length) || bare;
}
