/** What is known of each data set: its files, where they can be had, and on which terms. @module */

import type { DatasetName } from "./types.ts";

/** What a file of a data set holds. */
export type FileRole = "trainImages" | "trainLabels" | "testImages" | "testLabels";

/** One published file, by which any copy of it can be recognised. */
export interface DataFile {
  /** The published name, which ends in `.gz`. */
  readonly name: string;
  /** The length of the published gzip file. */
  readonly bytes: number;
  /** sha256 of the published gzip file, in hexadecimal. */
  readonly sha256: string;
}

/** A data set that is fetched rather than embedded. */
export type FetchedName = Exclude<DatasetName, "digits">;

/** What is known of a data set before any of it is read. */
export interface CatalogEntry {
  /** The name for people. */
  readonly title: string;
  /** The name of each class, by class number. */
  readonly classNames: readonly string[];
  /** Who made it, and where it is described. */
  readonly origin: string;
  /** The licence of the data. */
  readonly licence: string;
  /** The pixel value of full ink. */
  readonly maxValue: number;
}

/** {@link CatalogEntry} of a data set of four IDX files. */
export interface FetchedEntry extends CatalogEntry {
  /** The four files, by what they hold. */
  readonly files: Readonly<Record<FileRole, DataFile>>;
  /** Folders that serve the files under their published names, each ending in `/`. */
  readonly mirrors: readonly string[];
}

const DIGIT_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** The data sets that are read from files. */
export const FETCHED: Readonly<Record<FetchedName, FetchedEntry>> = {
  "mnist": {
    title: "MNIST handwritten digits",
    classNames: DIGIT_NAMES,
    origin: "Yann LeCun, Corinna Cortes and Christopher J.C. Burges, 1998",
    licence: "CC BY-SA 3.0",
    maxValue: 255,
    files: {
      trainImages: {
        name: "train-images-idx3-ubyte.gz",
        bytes: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
      },
      trainLabels: {
        name: "train-labels-idx1-ubyte.gz",
        bytes: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
      },
      testImages: {
        name: "t10k-images-idx3-ubyte.gz",
        bytes: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
      },
      testLabels: {
        name: "t10k-labels-idx1-ubyte.gz",
        bytes: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
      },
    },
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
  },
  "fashion-mnist": {
    title: "Fashion-MNIST articles of clothing",
    classNames: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
    origin: "Han Xiao, Kashif Rasul and Roland Vollgraf (Zalando Research), arXiv:1708.07747",
    licence: "MIT",
    maxValue: 255,
    files: {
      trainImages: {
        name: "train-images-idx3-ubyte.gz",
        bytes: 26_421_880,
        sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
      },
      trainLabels: {
        name: "train-labels-idx1-ubyte.gz",
        bytes: 29_515,
        sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
      },
      testImages: {
        name: "t10k-images-idx3-ubyte.gz",
        bytes: 4_422_102,
        sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
      },
      testLabels: {
        name: "t10k-labels-idx1-ubyte.gz",
        bytes: 5_148,
        sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
      },
    },
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
  },
};

/** The 8x8 digits that ship with the project; see `data/README.md`. */
export const DIGITS: CatalogEntry = {
  title: "Optical recognition of handwritten digits, 8x8",
  classNames: DIGIT_NAMES,
  origin: "E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, doi:10.24432/C50P49",
  licence: "CC BY 4.0",
  maxValue: 16,
};

/** The names of all data sets, as options accept them. */
export const DATASET_NAMES: readonly DatasetName[] = ["mnist", "fashion-mnist", "digits"];

/** The hosts that the data sets are fetched from: what `--allow-net` has to name. */
export const DATA_HOSTS: readonly string[] = [
  ...new Set(Object.values(FETCHED).flatMap((e) => e.mirrors.map((m) => new URL(m).host))),
];
