// A process of a group, for distributed.test.ts: node groupChild.js TASK, with the variables of a launcher.
import { setTimeout } from 'node:timers/promises';
import { type Group, launchedGroup, ones, openGroup, RankError, tensor } from '../src/index.js';

const told = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const tasks: Readonly<Record<string, (group: Group) => Promise<void>>> = {
  async all(group) {
    const [a, b] = [tensor([1 + group.rank, 0.1]), ones([2, 3], { dtype: 'float64' })];
    await Promise.all([group.sum([a]), group.sum([b])]); // in this order on every rank, whichever thread starts first
    const c = tensor([10 * group.rank], { dtype: 'int64' });
    await group.broadcast([c], 1);
    const d = tensor([
      [group.rank, 1, 2],
      [3, 4, 5],
    ]); // its memory lies in another order on rank 1
    const turned = group.rank === 1 ? d.transpose(0, 1).contiguous().transpose(0, 1) : d;
    await group.broadcast([turned], 1);
    if (group.rank === 0) {
      await setTimeout(200);
      await group.publish('name', 'grüße');
    }
    const name = await group.read('name', 0);
    await group.meet();
    await group.close();
    await group.close(); // again, which changes nothing
    const late = [() => group.publish('late', ''), () => group.sum([a]), () => group.read('late', 0)];
    const refused = await Promise.all(late.map((call) => call().then(String, (error: Error) => error.message)));
    told({ refused, a: a.tolist(), b: b.tolist(), c: c.tolist(), d: turned.tolist(), name });
  },
  // Rank 1 leaves in some way while the others wait for it.
  async killed(group) {
    if (group.rank === 1) process.kill(process.pid, 'SIGKILL');
    await group.sum([ones([4])]);
  },
  async stopped(group) {
    if (group.rank === 1) process.kill(process.pid, 'SIGSTOP');
    await group.sum([ones([4])]);
  },
  async gaveUp(group) {
    if (group.rank === 1) {
      await group.giveUp('the disk is full');
      return;
    }
    await group.sum([ones([4])]);
  },
  async waited(group) {
    if (group.rank === 1) process.kill(process.pid, 'SIGKILL');
    await group.read('never', 1);
  },
  async late(group) {
    if (group.rank === 1) await setTimeout(15_000); // it lives, but does not come
    await group.sum([ones([4])]);
  },
};

const options = launchedGroup();
if (!options) throw new Error('no launcher has set the variables');
try {
  const group = await openGroup({ ...options, timeout: 2 });
  told('open');
  await tasks[process.argv[2]](group);
  await group.close();
} catch (error) {
  if (!(error instanceof RankError)) throw error;
  told({ message: error.message, ranks: error.ranks });
  process.exit(7);
}
