// Before any test: command and page are built, so that no command says that it is building them.
import { buildCommand } from '../../scripts/command.ts';
import { buildPage } from '../../scripts/page.ts';

export async function setup(): Promise<void> {
  await buildCommand();
  await buildPage();
}
