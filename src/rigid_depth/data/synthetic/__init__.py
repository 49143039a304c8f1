"""A synthetic world of streets, written as a nuScenes v1.0 folder with dense depth and sky truth
beside it."""

from rigid_depth.data.synthetic.write import write_synthetic

__all__ = ["write_synthetic"]
