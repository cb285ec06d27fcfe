import { MemoryStore, type NewRun, type RunClaim, type RunCommit, type RunQuery } from "@stepstream/workflow";
import { type RunStoreCase, runStoreCases } from "@stepstream/workflow/testing";
import { assertArrayIncludes, assertEquals, assertMatch, assertRejects } from "@std/assert";

/** A store with a fault, and one of the cases that have to find it. */
interface BrokenStore {
  readonly fault: string;
  readonly foundBy: string;
  readonly open: () => MemoryStore;
}

const brokenStores: readonly BrokenStore[] = [
  {
    fault: "commits whatever the revision",
    foundBy: "commit() at another revision writes nothing",
    open: () =>
      new class extends MemoryStore {
        override async commit(commit: RunCommit) {
          return super.commit({ ...commit, revision: (await this.find(commit.runId))?.revision ?? 0 });
        }
      }(),
  },
  {
    fault: "commits to whichever run of the id there is",
    foundBy: "commit() to a run that was deleted and made anew since writes nothing",
    open: () =>
      new class extends MemoryStore {
        override async commit(commit: RunCommit) {
          return super.commit({ ...commit, createdAt: (await this.find(commit.runId))?.createdAt ?? 0 });
        }
      }(),
  },
  {
    fault: "writes between the look at the revision and the commit",
    foundBy: "commit() at one revision is won by exactly one of several at once",
    open: () =>
      new class extends MemoryStore {
        override async commit(commit: RunCommit) {
          const head = await this.find(commit.runId);
          if (head?.revision !== commit.revision || head.createdAt !== commit.createdAt) return false;
          for (let { revision } = commit;; revision += 1) if (await super.commit({ ...commit, revision })) return true;
        }
      }(),
  },
  {
    fault: "writes the events of a commit that is refused",
    foundBy: "commit() at another revision writes nothing",
    open: () =>
      new class extends MemoryStore {
        override async commit(commit: RunCommit) {
          const head = await this.find(commit.runId);
          if (head === null || head.revision === commit.revision) return super.commit(commit);
          await super.commit({ ...commit, ...head, record: null, snapshot: null });
          return false;
        }
      }(),
  },
  {
    fault: "keeps the record of a commit that has a snapshot",
    foundBy: "commit() with a snapshot drops the records before it, and its own",
    open: () =>
      new class extends MemoryStore {
        override async commit(commit: RunCommit) {
          if (commit.snapshot === null || commit.record === null) return super.commit(commit);
          await super.commit({ ...commit, record: null });
          return super.commit({ ...commit, snapshot: null, events: [], revision: commit.revision + 1 });
        }
      }(),
  },
  {
    fault: "overwrites a run of the same id",
    foundBy: "create() changes nothing if there is a run of this id",
    open: () =>
      new class extends MemoryStore {
        override async create(run: NewRun) {
          await this.delete(run.runId);
          return super.create(run);
        }
      }(),
  },
  {
    fault: "gives more events than asked for",
    foundBy: "events() gives those after a seq, in order, and no more than asked for",
    open: () =>
      new class extends MemoryStore {
        override events(runId: string, after: number) {
          return super.events(runId, after, Infinity);
        }
      }(),
  },
  {
    fault: "begins anew with every page of events",
    foundBy: "commit() stores 2 000 events at once, which can be read page by page",
    open: () =>
      new class extends MemoryStore {
        override events(runId: string, _after: number, limit: number) {
          return super.events(runId, 0, limit);
        }
      }(),
  },
  {
    fault: "gives a run by its id also before it is due",
    foundBy: "claim() of one run takes only that one, and only if it is due",
    open: () =>
      new class extends MemoryStore {
        override claim(claim: RunClaim) {
          return super.claim({ ...claim, isForced: claim.isForced || claim.runId !== undefined });
        }
      }(),
  },
  {
    fault: "tells the claimer the old revision",
    foundBy: "claim() fences off the one who had the run",
    open: () =>
      new class extends MemoryStore {
        override async claim(claim: RunClaim) {
          return (await super.claim(claim)).map((head) => ({ ...head, revision: head.revision - 1 }));
        }
      }(),
  },
  {
    fault: "looks for due runs and takes them later",
    foundBy: "claim() gives a run to one of several that claim at once, and every run to somebody",
    open: () =>
      new class extends MemoryStore {
        override async claim(claim: RunClaim) {
          const heads = await this.list({ limit: Infinity });
          const due = heads.filter(({ wakeAt, workflow }) =>
            wakeAt !== null && wakeAt <= claim.now && claim.workflows?.includes(workflow)
          );
          await Promise.resolve();
          const taken = due.slice(0, claim.limit).map(({ runId }) =>
            super.claim({ ...claim, runId, isForced: true, limit: 1 })
          );
          return (await Promise.all(taken)).flat();
        }
      }(),
  },
  {
    fault: "takes those first that were due last",
    foundBy: "claim() takes the runs that are due, those first that have been for longest",
    open: () =>
      new class extends MemoryStore {
        override async claim(claim: RunClaim) {
          return (await super.claim(claim)).toReversed();
        }
      }(),
  },
  {
    fault: "takes the oldest due runs beyond the limit",
    foundBy: "claim() takes no more than its limit, and the rest the next time",
    open: () =>
      new class extends MemoryStore {
        override async claim(claim: RunClaim) {
          return (await super.claim({ ...claim, limit: 1000 })).slice(0, claim.limit);
        }
      }(),
  },
  {
    fault: "begins anew with every page of the list",
    foundBy: "list() gives every run once, page by page",
    open: () =>
      new class extends MemoryStore {
        override list({ after: _after, ...query }: RunQuery) {
          return super.list(query);
        }
      }(),
  },
  {
    fault: "sorts ids by their bytes in UTF-8",
    foundBy: "list() orders runs of the same time by id, the greatest by code units first",
    open: () =>
      new class extends MemoryStore {
        override async list(query: RunQuery) {
          const heads = await super.list(query);
          const toKey = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
          return heads.toSorted((a, b) => b.createdAt - a.createdAt || (toKey(a.runId) < toKey(b.runId) ? 1 : -1));
        }
      }(),
  },
  {
    fault: "forgets a run but not its events",
    foundBy: "delete() forgets a run, its records and its events",
    open: () =>
      new class extends MemoryStore {
        readonly #kept = new Map<string, NewRun["events"]>();

        override async delete(runId: string) {
          this.#kept.set(runId, await super.events(runId, 0, Infinity));
          return super.delete(runId);
        }

        override async events(runId: string, after: number, limit: number) {
          const kept = this.#kept.get(runId) ?? [];
          return kept.length > 0 ? kept.slice(after, after + limit) : await super.events(runId, after, limit);
        }
      }(),
  },
  {
    fault: "trims names",
    foundBy: "ids and names come out unchanged, whatever is in them",
    open: () =>
      new class extends MemoryStore {
        override create(run: NewRun) {
          return super.create({ ...run, workflow: run.workflow.trim() });
        }
      }(),
  },
  {
    fault: "cuts texts at 64 KiB",
    foundBy: "a snapshot, a record and an event may have a million characters each",
    open: () =>
      new class extends MemoryStore {
        override commit(commit: RunCommit) {
          return super.commit({ ...commit, record: commit.record?.slice(0, 65_536) ?? null });
        }
      }(),
  },
  {
    fault: "never tells of commits",
    foundBy: "onCommit(), if there is one, tells of a commit",
    open: () =>
      new class extends MemoryStore {
        override onCommit() {
          return () => {};
        }
      }(),
  },
  {
    fault: "does not stop to tell of commits",
    foundBy: "onCommit(), if there is one, calls no more once it is ended",
    open: () =>
      new class extends MemoryStore {
        override onCommit(listener: (runId: string) => void) {
          super.onCommit(listener);
          return () => {};
        }
      }(),
  },
];

for (const { fault, foundBy, open } of brokenStores) {
  Deno.test(`runStoreCases find a store that ${fault}`, async () => {
    const found: string[] = [];

    for (const { name, run } of runStoreCases) {
      await run(open()).catch(() => found.push(name));
    }

    assertArrayIncludes(found, [foundBy]);
  });
}

Deno.test("runStoreCases pass a store that does not call back", async () => {
  const store = new class extends MemoryStore {
    override onCommit = undefined as never;
  }();

  for (const { run } of runStoreCases) await run(store);
});

Deno.test("runStoreCases have names of their own", () => {
  const names = runStoreCases.map(({ name }) => name);

  assertEquals(names, [...new Set(names)]);
});

Deno.test("runStoreCases say what is wrong, where, and what should be there", async () => {
  const store = new class extends MemoryStore {
    override async find(runId: string) {
      const head = await super.find(runId);
      return head && { ...head, revision: 7 };
    }
  }();

  const error = await assertRejects(() => caseOf("create() stores a running run at revision 1").run(store), Error);

  const expected =
    /^Cannot accept the run that find\(\) gives, because \.revision differs: it is \{.*"revision":7.*\}, not \{.*"revision":1.*\}$/;
  assertMatch(error.message, expected);
});

function caseOf(name: string): RunStoreCase {
  const found = runStoreCases.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`There is no case ${JSON.stringify(name)}`);
  return found;
}
