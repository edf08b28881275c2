// What went wrong, in plain words: by the stable codes of registry and peer, in one place.

const WORDS: Readonly<Record<string, string>> = {
  unreachable: 'There was no answer. Is it still running?',
  'peer-unreachable':
    'Others cannot reach this machine from outside: what is shared here cannot be fetched. Open the port in the firewall or router, or tell sp2p share the right address with --advertise.',
  'endpoint-not-yours':
    'The registry sees this machine at another address than the one it tells. Start sp2p share without --advertise, or on the registry’s machine.',
  'registry-unreachable': 'The registry does not answer. It may be off, or the address is wrong.',
  'registry-misbehaves': 'What answers at the registry’s address is not a registry.',
  'not-known': 'Nobody here knows this content any more.',
  'several-versions': 'Several contents have this name. Choose one of them.',
  'no-source': 'Nobody who has it could deliver it intact.',
  'unsafe-file-name': 'This name cannot be a file name on this machine.',
  'file-exists':
    'A different file of this name is already in the download folder. Nothing was replaced.',
  'download-in-progress': 'Something else on this machine is downloading to the same place.',
  'disk-full': 'The disk is full. Make some room, then try again.',
  'cannot-write': 'The download folder cannot be written to. Is it still there, and yours?',
  'cannot-open-data': 'The file on disk cannot be opened.',
  'no-key': 'You are signed out.',
  'bad-key': 'The key has expired, or was revoked.',
  'not-allowed': 'This key may not do that.',
  'too-many-keys': 'There are as many keys as a network may have. Revoke some that nobody needs.',
  removed: 'An administrator took this off the network.',
  'bad-share': 'This folder cannot be shared. Is it still there, and may it be read?',
  'bad-name': 'This is not a name that files can have here.',
  'bad-request': 'It was not understood. Reload the page: it may be older than what it talks to.',
  'not-found': 'It is not there any more.',
  'no-preview':
    'There is no preview of this kind of file. Open it from its folder once it is here.',
  'not-native':
    'This registry knows the exercise’s contract alone: it finds whole names, and tells no more.',
  'not-ready': 'It is too early for that. Try again in a moment.',
  'too-many-requests': 'Too many questions at once. It goes on in a moment.',
  'too-many-names': 'This is more than one peer may offer.',
  'too-many-contents': 'This peer already holds as many contents as the registry lets it.',
  busy: 'It has too much to do just now. It goes on in a moment.',
  'engine-unavailable': 'The registry’s database does not answer just now.',
  internal: 'Something failed there. Its log says more.',
  interrupted: 'It was stopped.',
};

/** Why something failed, for a person. What has no words here is said as it came. */
export function plainWords(fault: { code: string; message: string }): string {
  return Object.hasOwn(WORDS, fault.code) ? (WORDS[fault.code] ?? fault.message) : fault.message;
}

/** The same of whatever was thrown. */
export function wordsOf(error: unknown): string {
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string'
      ? plainWords({ code: error.code, message: error.message })
      : error.message;
  return 'Something failed here.';
}
