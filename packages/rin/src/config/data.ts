import { z } from 'zod';

/** The `data` section: how pictures become samples. The source itself is an argument (`--data`), kept beside. */
export const DataConfig = z.strictObject({
  resize: z
    .enum(['center-crop', 'center-crop-dhariwal', 'fit'])
    .default('center-crop')
    .describe(
      'center-crop = largest centre square, then scaled; center-crop-dhariwal = the same as in the data of ADM; fit = scaled whole, background beside it',
    ),
  flip: z.boolean().default(false).describe('show each picture mirrored left-right half of the time'),
  background: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .default('#ffffff')
    .describe('colour behind transparent pictures')
    .meta({ placeholder: '#RRGGBB', expected: 'a colour such as #ffffff' }),
});
export type DataConfig = z.infer<typeof DataConfig>;
