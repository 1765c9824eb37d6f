"""Which columns the portal has, with the types it declares and the words of its column config.

Order as the live service gives them. Identifiers travel as JSON numbers that are declared
``string``, which is why astroquery's tables hold them as text.
"""

from dataclasses import dataclass
from typing import Any

NUMERIC = {"int", "short", "long", "number", "float", "double", "decimal"}
_DATATYPE = {"float": "double", "int": "int"}


@dataclass(frozen=True)
class Column:
    """One column: its name, the type of ``fields[].type``, and what columnsconfig tells about it."""

    name: str
    type: str = "string"
    label: str = ""
    unit: str = ""
    separator: str = ""
    description: str = ""
    example: str = ""

    @property
    def numeric(self) -> bool:
        """Whether filters compare its cells as numbers."""
        return self.type in NUMERIC

    def field(self) -> dict[str, str]:
        """Return the entry of an answer's ``fields``."""
        return {"name": self.name, "type": self.type}

    def config(self) -> dict[str, Any]:
        """Return the entry of columnsconfig; astroquery decides by it what a criterion may be."""
        told = {
            "text": self.label or self.name,
            "unit": self.unit,
            "vot.unit": self.unit,
            "separator": self.separator,
            "vot.description": self.description,
            "example": self.example,
        }
        kept: dict[str, Any] = {key: value for key, value in told.items() if value}
        if self.type == "boolean":
            return kept | {"type": "boolean"}
        return kept | {"vot.datatype": _DATATYPE.get(self.type, "char")}


OBSERVATIONS = (
    Column("intentType", label="Observation Type", description="Whether science or calibration"),
    Column("obs_collection", label="Mission", separator=";", example="JWST, HST"),
    Column("provenance_name", label="Provenance Name", example="CALJWST, APT"),
    Column("instrument_name", label="Instrument", example="NIRCAM/IMAGE, MIRI/IFU"),
    Column("project", label="Project", separator=";"),
    Column("filters", label="Filters", separator=";", example="F200W, F170LP;G235M"),
    Column("wavelength_region", label="Waveband", separator=";"),
    Column("target_name", label="Target Name", description="The proposer's name of the target"),
    Column("target_classification", label="Target Classification", separator=";"),
    Column("obs_id", label="Observation ID"),
    Column("s_ra", "float", "RA", "deg"),
    Column("s_dec", "float", "Dec", "deg"),
    Column("dataproduct_type", label="Product Type", example="image, spectrum, cube, timeseries"),
    Column("proposal_pi", label="Principal Investigator"),
    Column("calib_level", "int", "Calibration Level", example="-1 = planned, 1, 2, 3"),
    Column("t_min", "float", "Start Time", "d", description="Start of observation, MJD"),
    Column("t_max", "float", "End Time", "d", description="End of observation, MJD"),
    Column("t_exptime", "float", "Exposure Length", "s"),
    Column("em_min", "float", "Min. Wavelength", "nm"),
    Column("em_max", "float", "Max. Wavelength", "nm"),
    Column("obs_title", label="Observation Title"),
    Column("t_obs_release", "float", "Release Date", "d", description="End of exclusive access, MJD"),
    Column("proposal_id", label="Proposal ID"),
    Column("proposal_type", label="Proposal Type", example="GO, GTO, ERS, COM, CAL, DD"),
    Column("sequence_number", "int", "Sequence Number"),
    Column("s_region", label="Footprint", unit="ICRS Shape"),
    Column("jpegURL", label="Preview"),
    Column("dataURL", label="Data URL"),
    Column("dataRights", label="Data Rights", example="PUBLIC, EXCLUSIVE_ACCESS, RESTRICTED"),
    Column("mtFlag", "boolean", "Moving Target"),
    Column("srcDen", "float", "Associated Catalogs"),
    Column("obsid", label="Product Group ID"),
    Column("objID", label="Object ID"),
)
DISTANCE = Column("distance", "float", "Distance", "arcsec")
OBJECT_ID_1 = Column("objID1", label="Object ID 1")

PRODUCTS = (
    Column("obsID", label="Product Group ID"),
    Column("obs_collection", label="Mission"),
    Column("dataproduct_type", label="Product Type"),
    Column("obs_id", label="Observation ID"),
    Column("description", label="Description"),
    Column("type", label="Type", example="S simple, D derived"),
    Column("dataURI", label="URI"),
    Column("productType", label="Product Category", example="SCIENCE, PREVIEW, INFO, AUXILIARY"),
    Column("productGroupDescription", label="Product Group"),
    Column("productSubGroupDescription", label="Product Subgroup", example="UNCAL, CAL, I2D"),
    Column("productDocumentationURL", label="Product Documentation"),
    Column("project", label="Project"),
    Column("prvversion", label="Version"),
    Column("proposal_id", label="Proposal ID"),
    Column("productFilename", label="File Name"),
    Column("size", "int", "File Size", "B"),
    Column("parent_obsid", label="Parent Product Group ID"),
    Column("dataRights", label="Data Rights"),
    Column("calib_level", "int", "Calibration Level"),
    Column("filters", label="Filters", separator=";"),
)
