import { onTestFinished, vi } from 'vitest'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { runBlock } from '../docs/programs/run.js'
import { blocksOf, readPaper, sectionOf, type Block } from '../docs/programs/support.js'
import { answerOf, requestsTo, VALID, type Answer, type SentRequest } from './requests.js'

/** The programs of a page: with the other library, with ours in its place, and with ours reporting beside it. */
const PROGRAMS = ['Before', 'After', 'Roll out'] as const

/** What became of one request in each program. */
export interface Comparison {
  readonly request: string
  readonly before: Answer
  readonly after: Answer
  readonly rollOut: Answer
  /** The reason that the program of the roll-out has logged. */
  readonly reason: string | undefined
}

/** Sends the same requests, with tokens of one issuer, to the three programs of a page. */
export async function compare(page: string): Promise<readonly Comparison[]> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const requests = requestsTo(issuer)
  const results = []
  // One after the other: passport keeps its strategies in the module.
  for (const section of PROGRAMS) results.push(await observe(programOf(page, section), issuer, requests))
  const [before, after, rollOut] = results
  return [...before!.keys()].map((request) => ({
    request,
    before: before!.get(request)!.answer,
    after: after!.get(request)!.answer,
    rollOut: rollOut!.get(request)!.answer,
    reason: rollOut!.get(request)!.reason,
  }))
}

/** The program of a section, which has exactly one. */
function programOf(page: string, section: string): Block {
  const text = sectionOf(readPaper(page), section)
  const programs = blocksOf(page).filter((block) => block.language === 'ts' && text.includes(block.text))
  const [program] = programs
  if (program === undefined || programs.length > 1)
    throw new Error(`${page}: the section ${section} must have one program`)
  return program
}

interface Observation {
  readonly answer: Answer
  readonly reason: string | undefined
}

async function observe(
  program: Block,
  issuer: TestIssuer,
  requests: ReadonlyMap<string, SentRequest>,
): Promise<ReadonlyMap<string, Observation>> {
  const observations = new Map<string, Observation>()
  const { urls } = await runBlock(program, issuer)
  for (const [name, request] of requests) observations.set(name, await observeOne(urls[0]!, request))
  // In a program of its own, because one that has been running has keys.
  issuer.fail('all', 503)
  const starting = await runBlock(program, issuer)
  const answer = await observeOne(starting.urls[0]!, requests.get(VALID)!)
  observations.set('valid token, the keys cannot be fetched', answer)
  issuer.heal()
  return observations
}

async function observeOne(url: string, request: SentRequest): Promise<Observation> {
  // Programs print one line for each request that the guard would refuse.
  const { calls } = vi.mocked(console.log).mock
  const printed = calls.length
  const answer = await answerOf(url, request)
  const lines = calls.slice(printed).map(([line]) => JSON.parse(String(line)) as { readonly reason: string })
  if (lines.length > 1) throw new Error(`${lines.length} lines for one request`)
  return { answer, reason: lines[0]?.reason }
}
