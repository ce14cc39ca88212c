import type { AttentionChoice } from '../../inspect/attentionMaps.js';
import type { AttentionNumbers } from '../../inspect/attentionNumbers.js';
import { textTable } from '../terminal/textTable.js';

/**
 * The numbers of an attention, as lines for the terminal.
 * @param what  `4 drawn pictures`
 */
export function attentionTable(
  rows: readonly AttentionNumbers[],
  what: string,
  { kind = 'read', latent, head }: AttentionChoice,
): string[] {
  if (rows.length === 0) return [`${kind} attention: no step has one to show`];
  const isRead = kind === 'read';
  const many = Math.round(Math.exp(rows[0].mostEntropy));
  const whose = `${latent === undefined ? 'all latents' : `latent ${latent}`}, ${head === undefined ? 'all heads' : `head ${head}`}`;
  const [row, among] = isRead ? ['a latent', 'tokens'] : ['a patch', 'latents'];
  const together = isRead && latent === undefined;
  const [hasOthers, hasGiven, hasObject, hasDetail] = [
    rows.some(({ others }) => others > 0),
    rows.some(({ given }) => given !== undefined),
    rows.some(({ object }) => object !== undefined),
    rows.some(({ detail }) => detail !== undefined),
  ];
  const percent = (share: number | undefined): string => (share === undefined ? '–' : `${(100 * share).toFixed(1)} %`);
  const heading = [
    ...['step', 'gamma', 'block', `entropy of ${row}`],
    ...(together ? ['of all together'] : []),
    ...(hasDetail ? ['detail'] : []),
    ...(hasObject ? ['on the object', 'its area'] : []),
    ...(hasGiven ? ['on given frames'] : []),
    ...(hasOthers ? ['on time and condition'] : []),
  ];
  const cells = rows.map((each) => [
    ...[String(each.step), each.gamma.toFixed(3), String(each.block), each.entropy.toFixed(2)],
    ...(together ? [each.meanEntropy.toFixed(2)] : []),
    ...(hasDetail ? [each.detail?.toFixed(2) ?? '–'] : []),
    ...(hasObject ? [percent(each.object?.share), percent(each.object?.chance)] : []),
    ...(hasGiven ? [percent(each.given)] : []),
    ...(hasOthers ? [percent(each.others)] : []),
  ]);
  return [
    `${kind} attention of ${what}: ${whose}, means over the samples`,
    `entropy in nats; over ${many} ${among} it is at most ln ${many} = ${rows[0].mostEntropy.toFixed(2)}`,
    ...(hasDetail ? ['detail: standard deviation in the patches that are attended to, 1 = as in all patches'] : []),
    '',
    ...textTable([heading, ...cells], []),
  ];
}
