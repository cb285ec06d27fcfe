import { laterTurn } from "./events.ts";

/** What takes longer than that never happens: a test that waits for it fails, and says what for. */
export const PATIENCE_MS = 60_000;

/** Waits for what other programs and the network bring about; throws if it takes so long that it never will. */
export async function until(condition: () => boolean): Promise<void> {
  await untilAnswered(String(condition), () => condition(), (isTrue) => isTrue);
}

/** Asks again and again until the answer will do; throws if it takes so long that it never will. */
export async function untilAnswered<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<Answer> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (true) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > giveUpAt) {
      throw new Error(`Waited ${PATIENCE_MS} ms for ${what}: ${JSON.stringify(answer)} is what there is`);
    }
    await laterTurn();
  }
}
