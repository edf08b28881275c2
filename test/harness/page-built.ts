// Before any test: the page is built, so that no command says that it is building it.
export { buildPage as setup } from '../../scripts/page.ts';
