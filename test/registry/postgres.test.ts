// The PostgreSQL engine on a real server: the contract of every engine, and what only a database can do:
// be of another version, be used by several at once, be away.
import { expect, onTestFinished, test } from 'vitest';
import { PostgresStore } from '../../src/registry/store/postgres.ts';
import { postgresForTests } from '../harness/postgres.ts';
import { storeContract } from './store-contract.ts';

const server = postgresForTests();

storeContract(
  'PostgreSQL',
  async (limits) => new PostgresStore(await server.emptySchema(), limits),
);
