// Who this page is signed in as, where the network is private; what a role may not do is not shown.
import { computed, signal } from '@preact/signals';
import { service, signOut, type You } from '../api/access.ts';
import { whenRefused } from '../api/call.ts';
import { attempt } from './notices.ts';

const ROLES = ['reader', 'member', 'admin'];

/** Undefined: nobody has said yet. */
export const isPrivate = signal<boolean | undefined>(undefined);
export const you = signal<You | undefined>(undefined);
/** The session has ended, or the key of it. */
export const isSignedOut = signal(false);

export const maySteer = computed(() => may('admin'));
export const mayShare = computed(() => isPrivate.value === false || may('member'));

function may(role: You['role']): boolean {
  return ROLES.indexOf(you.value?.role ?? '') >= ROLES.indexOf(role);
}

/** @throws CallError */
export async function findAccess(signal?: AbortSignal): Promise<void> {
  const answer = await service(signal);
  isPrivate.value = answer.private ?? false;
  you.value = answer.you;
}

/** Ends the session at the registry; what comes next there is the way in. */
export async function leave(): Promise<void> {
  if (await attempt(signOut)) location.assign('/');
}

whenRefused(() => {
  isSignedOut.value = true;
});
